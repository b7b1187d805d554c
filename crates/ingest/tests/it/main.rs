//! Files as departments send them, and as nobody should.

#[cfg(test)]
mod catalogue;
#[cfg(test)]
mod containers;
#[cfg(test)]
mod feeds;
#[cfg(test)]
mod hardship;
mod incidents;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod people_and_things;
#[cfg(test)]
mod register;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod unread;
#[cfg(test)]
mod visiting;
#[cfg(test)]
mod workbook;
#[cfg(test)]
mod xlsx;
