//! The handbook: the committed pages are those the documents give, and a page
//! tells everything of its policy.

use std::collections::BTreeMap;

use rules::{Document, HANDBOOK_MARK, PolicySet, handbook};

use crate::support;

fn pages(samples: bool) -> BTreeMap<String, String> {
    let policies = support::documents("policies");
    let set = support::shipped(samples);
    handbook(&set, &policies, &support::documents("policies/cases"))
}

#[test]
fn the_committed_pages_are_those_the_documents_give() {
    let folder = support::root().join("docs/policies");
    let mut kept = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let page = support::document(&entry.unwrap().path());
        kept.insert(page.name, page.text);
    }
    let given = pages(false);
    let names = |of: &BTreeMap<String, String>, but: &BTreeMap<String, String>| -> Vec<String> {
        let differ = of
            .iter()
            .filter(|(name, page)| but.get(*name) != Some(*page));
        differ.map(|(name, _)| name.clone()).collect()
    };
    let (stale, gone) = (names(&given, &kept), names(&kept, &given));
    assert!(
        stale.is_empty() && gone.is_empty(),
        "pages in docs/policies differ from the policies: {stale:?} {gone:?}\n\
         run: cargo run -p cli -- policy docs policies --out docs/policies"
    );
    assert!(given.len() > 30, "{}", given.len());
}

#[test]
fn a_page_tells_everything_of_its_policy() {
    let all = pages(false);
    let page = &all["subsistence_allowance.md"];
    assert!(page.starts_with(HANDBOOK_MARK), "{page}");
    for told in [
        "# 最低生活保障\n",
        "- 类别：待遇资格\n",
        "下面的表达式肯定不成立时，结论是不适用；否则按条件判断。\n\n```text\nsize(counted)",
        "- 对谁：户（整个家庭）\n",
        "- 版本：2021-07，自2021年7月1日起\n",
        "- 派往：户籍地乡镇（街道）\n",
        "- 前提：共同生活家庭成员须有依据（",
        "- 未查清也可以提示：家庭财产符合规定（以核对结果为准）（`assets`）\n",
        "- 国务院令第649号 第九条\n  > 国家对共同生活的家庭成员人均收入低于当地最低生活保障标准",
        "1. **家庭年收入合计 \\< 低保标准 × 计入人口 × 12**（`income`）\n   yearly income of the household",
        "   ```text\n   income < line\n   ```\n",
        "```text\nsize(counted) > 0 && !in_grace && !certain(household.recognition.exists(r, r.scheme == \"extreme_difficulty\"))\n```\n",
        "- `line`\n\n  ```text\n  param.allowance_standard * size(counted) * 12\n  ```\n",
        "| 低保标准 `allowance_standard` | 元/月 | 全国：未设<br>3204",
        "320400：未设；2023年报道为1,020元/月，无执行日期，不适用（常州市民政局2023年工作总结（2024-01-11））",
        "| 条件 `income`、金额、句子 |\n",
        "| 全国：2，不限日期（平台默认，非法定） | 适用、条件 `income`、金额、句子、重开依据 |",
        "是，自2021年7月1日起，至2025年12月31日止（民发〔2021〕57号 第十三条）",
        "## 每月金额\n",
        "### 符合而未领取：应享未享\n\n- 有事项未查清时改为：疑似漏保\n- 级别：橙色\n",
        "- 期限：联系，3个工作日内（平台默认，非法定）\n",
        "### 不符合而仍在领取：疑似不再符合，待核实\n",
        "- 处置后62天内应见效果\n",
        "- 家庭财产须经授权核对，系统不推断。\n",
        "| 低一分，财产已核对未超，未领取 | 符合 | 提示：应享未享，橙色 |\n",
        "| 财产未核对，可以待核实而提示 | 待核实（未查清 `assets`；缺 `means_check.result`） | 提示：疑似漏保 |\n",
    ] {
        assert!(page.contains(told), "{told}\n---\n{page}");
    }
    let died = &all["member_died.md"];
    let statutory = "- 期限：办结，`param.member_died_recount_months` 个月内，自 `died_on` 起算（文件规定：民发〔2022〕83号 一（三））\n";
    assert!(died.contains(statutory), "{died}");
    assert!(all["unattended_child.md"].contains("- 保密：只有儿童工作人员可见\n"));
    assert!(all["incident.md"].contains("- 急难发生地：`"));
    assert!(all["incident.md"].contains("- 红色，如果 `"));
    let index = &all["README.md"];
    for told in [
        "## 待遇资格（",
        "| [最低生活保障](subsistence_allowance.md) | 户（整个家庭） | 国务院令第649号 第九条；",
        "应享未享（橙色）；疑似不再符合，待核实（黄色） |",
    ] {
        assert!(index.contains(told), "{told}\n---\n{index}");
    }
    for name in all.keys().filter(|name| *name != "README.md") {
        assert!(index.contains(&format!("]({name})")), "{name}");
    }
}

#[test]
fn samples_are_called_samples() {
    assert!(!pages(false)["subsistence_allowance.md"].contains("样例 "));
    let sampled = &pages(true)["subsistence_allowance.md"];
    let told = "320412：样例 1,160元，自2025年7月1日起，复核至2027年6月30日（示例参数·非官方标准）";
    assert!(sampled.contains(told), "{sampled}");
}

#[test]
fn versions_share_a_page_and_markup_in_a_document_is_text() {
    let text = |version: &str, dates: &str| Document {
        name: format!("probe-{version}.yaml"),
        text: format!(
            r#"policy: probe
version: "{version}"
{dates}
kind: duty
subject: person
title: {{ zh: '试*行*|<b>', en: probe }}
basis: []
route: county
criteria: [{{ id: one, zh: '[一](x)', en: one, when: 'size(members) > 1
  || size(people) > 2' }}]
raises:
  level: blue
  clear_after_days: 1
  sentence: {{ zh: 试, en: probe }}
  advice: {{ zh: 试, en: probe }}
limits: []
"#
        ),
    };
    let policies = [text("1", "to: 2026-01-01"), text("2", "from: 2026-01-01")];
    let set = PolicySet::load(&policies, &[]).unwrap();
    let all = handbook(&set, &policies, &[]);
    assert_eq!(all.keys().collect::<Vec<_>>(), ["README.md", "probe.md"]);
    let page = &all["probe.md"];
    let newest = page.find("# 版本 2\n").unwrap();
    assert!(newest < page.find("# 版本 1\n").unwrap(), "{page}");
    for told in [
        "# 试\\*行\\*\\|\\<b>\n",
        "- 版本：1，至2025年12月31日止\n",
        "## 依据\n\n未写明。\n",
        "## 适用\n\n对象都适用。\n",
        "1. **\\[一\\](x)**",
        "   size(members) > 1 || size(people) > 2\n",
        "- 期限：无\n",
        "- 告知村（社区）：有一条需要走访的提示（不说明内容）\n",
        "## 不得据此\n\n未写明。\n",
        "## 案例（0）\n\n没有案例。\n",
    ] {
        assert!(page.contains(told), "{told}\n---\n{page}");
    }
    let backwards: Vec<Document> = policies.iter().rev().cloned().collect();
    assert_eq!(handbook(&set, &backwards, &[]), all);
}
