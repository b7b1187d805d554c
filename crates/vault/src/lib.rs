//! Seals record bodies and identity, blind-indexes, masks, erases by destroying a key.
