//! A department's file or message to rows to incoming records, each reject with its reason.
