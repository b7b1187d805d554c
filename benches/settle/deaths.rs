//! Deaths of people who are paid, to send one by one.

use std::path::{Path, PathBuf};

type Failed = Box<dyn std::error::Error>;

/// One police file per death of somebody on the latest payment list.
pub(crate) fn deaths(folder: &Path, count: u32) -> Result<Vec<String>, Failed> {
    let mut lists: Vec<PathBuf> = std::fs::read_dir(folder)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("payments"))
        })
        .collect();
    lists.sort();
    let text = std::fs::read_to_string(lists.last().ok_or("no payment list")?)?;
    let header = text
        .lines()
        .find(|line| line.contains("享受人证件号码"))
        .ok_or("no header")?;
    let column = |name: &str| {
        header
            .split(',')
            .position(|cell| cell.trim_matches('"') == name)
            .ok_or("no column")
    };
    let (name, number) = (column("享受人姓名")?, column("享受人证件号码")?);
    let mut seen = std::collections::BTreeSet::new();
    let mut files = Vec::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.split(',').collect();
        let (Some(name), Some(number)) = (cells.get(name), cells.get(number)) else {
            continue;
        };
        let Ok(id) = domain::resident_id::ResidentId::parse(number) else {
            continue;
        };
        if files.len() < count as usize && seen.insert(id.as_str().to_owned()) {
            let sex = if id.sex() == domain::resident_id::Sex::Male {
                "男"
            } else {
                "女"
            };
            files.push(format!(
                "公民身份号码,姓名,性别,出生日期,户号,户籍地址,变动类别,死亡日期,注销日期,迁往地,更新时间\n{},{name},{sex},{},,,死亡,2026-09-28,2026-11-19,,2026-11-19\n",
                id.as_str(),
                id.birth_date()
            ));
        }
    }
    Ok(files)
}
