//! The frozen population as one file per column, little-endian, for engines in
//! other languages: `name.type`, the type as numpy writes it.

use std::fs;
use std::path::Path;

use super::{Bits, Home, Member, standard};
use crate::Failed;
use crate::rows::trit;

/// Writes everybody, what the rules say of them, and what it costs here.
pub(super) fn write(
    folder: &Path,
    homes: &[Home],
    expected: &[Bits],
    [nanoseconds, anew]: [f64; 2],
) -> Result<(), Failed> {
    fs::create_dir_all(folder)?;
    let put = |name: &str, bytes: Vec<u8>| fs::write(folder.join(name), bytes);
    let wide = |f: &dyn Fn(&Home) -> i64| homes.iter().flat_map(|h| f(h).to_le_bytes()).collect();
    let small = |f: &dyn Fn(&Home) -> u8| homes.iter().map(f).collect();
    put("standard.i8", wide(&|h| standard(h.place)))?;
    put("deposits.i8", wide(&|h| h.deposits))?;
    put("area.i8", wide(&|h| h.area))?;
    put("vehicle_value.i8", wide(&|h| h.vehicle_value))?;
    put("expense.i8", wide(&|h| h.expense))?;
    put("paid.u1", small(&|h| trit(h.receiving) / 2))?;
    put("houses.u1", small(&|h| h.houses))?;
    put("vehicles.u1", small(&|h| h.vehicles))?;
    put("size.u1", small(&|h| h.members.len() as u8))?;
    let members = || homes.iter().flat_map(|home| &home.members);
    let wide = |f: &dyn Fn(&Member) -> i64| members().flat_map(|m| f(m).to_le_bytes()).collect();
    let small = |f: &dyn Fn(&Member) -> u8| members().map(f).collect();
    put("m_income.i8", wide(&|m| m.income))?;
    put("m_bill.i8", wide(&|m| m.bill.map_or(0, |(_, fen)| fen)))?;
    put(
        "m_bill_days.i8",
        wide(&|m| m.bill.map_or(i64::from(i32::MAX), |(days, _)| days.into())),
    )?;
    put("m_age.u1", small(&|m| m.age))?;
    put("m_grade.u1", small(&|m| m.grade))?;
    put("m_parents.u1", small(&|m| m.parents))?;
    put("m_deceased.u1", small(&|m| trit(m.deceased) / 2))?;
    put("m_receiving.u1", small(&|m| trit(m.receiving) / 2))?;
    put("m_student.u1", small(&|m| trit(m.student) / 2))?;
    put(
        "met.u2",
        expected
            .iter()
            .flat_map(|bits| bits.met.to_le_bytes())
            .collect(),
    )?;
    fs::write(
        folder.join("hearth.txt"),
        format!("{nanoseconds:.1}\n{anew:.1}\n"),
    )?;
    Ok(())
}
