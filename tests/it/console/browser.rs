//! As much of a browser as a form needs: reading forms out of a page, filling
//! in what is required, sending them.

use axum::http::Method;
use testkit::app::TestApp;
use testkit::call::Answer;

/// A form of a page.
#[derive(Clone, Debug)]
pub(super) struct Form {
    pub(super) action: String,
    pub(super) method: String,
    /// Every control that has a name, with what a browser would send.
    pub(super) fields: Vec<(String, String)>,
}

/// The value of an attribute of a tag, entities resolved.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    let end = start + tag[start..].find('"')?;
    Some(text(&tag[start..end]))
}

/// Text with its entities resolved.
pub(super) fn text(html: &str) -> String {
    html.replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#38;", "&")
}

/// All forms of a page, required choices made with their first real value and
/// required words filled in.
pub(super) fn forms(html: &str) -> Vec<Form> {
    let mut forms = Vec::new();
    for part in html.split("<form").skip(1) {
        let part = part.split("</form>").next().unwrap_or_default();
        let (head, body) = part.split_once('>').unwrap();
        let mut fields = Vec::new();
        for tag in body.split('<') {
            let Some(name) = attribute(tag, "name") else {
                continue;
            };
            let given = attribute(tag, "value").unwrap_or_default();
            if tag.starts_with("select") {
                let options = body.split(&format!("name=\"{name}\"")).nth(1).unwrap();
                let options = options.split("</select>").next().unwrap();
                let values = options.split("<option").skip(1);
                let value = values.filter_map(|option| attribute(option, "value"));
                let first = value.into_iter().find(|value| !value.is_empty());
                fields.push((name, first.unwrap_or_default()));
            } else if tag.starts_with("textarea") {
                fields.push((name, text(tag.split_once('>').unwrap().1)));
            } else if given.is_empty() && tag.contains(" required") {
                fields.push((name, "说明".to_owned()));
            } else {
                fields.push((name, given));
            }
        }
        forms.push(Form {
            action: attribute(head, "action").unwrap_or_default(),
            method: attribute(head, "method").unwrap_or_default(),
            fields,
        });
    }
    forms
}

impl Form {
    /// With one field filled in.
    pub(super) fn with(mut self, name: &str, value: &str) -> Form {
        let field = self.fields.iter_mut().find(|(known, _)| known == name);
        let field = field.unwrap_or_else(|| panic!("no field {name}"));
        value.clone_into(&mut field.1);
        self
    }

    /// What a browser sends.
    pub(super) async fn send(&self, app: &TestApp, officer: &str) -> Answer {
        assert_eq!(self.method, "post", "{}", self.action);
        let pairs: Vec<String> = self
            .fields
            .iter()
            .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
            .collect();
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        app.call(
            officer,
            Method::POST,
            &self.action,
            &kind,
            pairs.join("&").into_bytes(),
        )
        .await
    }
}

fn encoded(text: &str) -> String {
    let byte = |byte: u8| {
        if byte.is_ascii_alphanumeric() {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(byte).collect()
}

/// The one form of an alert's page that does this.
pub(super) async fn form(app: &TestApp, officer: &str, alert: &str, noun: &str) -> Form {
    let page = app.get(officer, &format!("/alerts/{alert}")).await;
    let action = format!("/alerts/{alert}/{noun}");
    let found = forms(&page.text());
    let form = found.iter().find(|form| form.action == action);
    form.unwrap_or_else(|| panic!("no form {noun} for {officer}: {}", page.text()))
        .clone()
}
