//! A real Chromium behind its WebDriver, as an officer has one on the desk or
//! in the hand. What is counted is what a person does: clicks, choices, keys,
//! fields.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::common::capabilities::chromium::ChromiumLikeCapabilities as _;
use thirtyfour::prelude::{
    By, DesiredCapabilities, ElementQueryable as _, WebDriver, WebDriverResult,
};

/// How long a page may take on a machine that builds beside.
const PATIENCE: Duration = Duration::from_mins(1);
const GLANCE: Duration = Duration::from_millis(50);
/// How far down a picture of a page goes, in its own pixels.
const LENGTH_SHOWN: f64 = 1_500.0;

/// The file a browser has put into a folder, once it is there whole. Chromium
/// may hold the name with an empty file while it writes beside it, and moves
/// what it wrote over it at the end; no file an office is given is empty.
fn given(downloads: &Path) -> Option<PathBuf> {
    let files = std::fs::read_dir(downloads).expect("a folder");
    let paths = files.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let files: Vec<PathBuf> = paths.filter(|path| path.is_file()).collect();
    let written = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy());
        name.is_none_or(|name| name.starts_with('.') || name.ends_with(".crdownload"))
    };
    let filled = |path: &PathBuf| path.metadata().is_ok_and(|file| file.len() > 0);
    let busy = files.iter().any(written);
    (!busy).then(|| files.into_iter().find(filled)).flatten()
}

/// What a person holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// 1366×768 at 125 %, the office computer.
    Desk,
    /// A phone, 390 pixels wide.
    Phone,
}

/// `chromedriver`, ended with its browsers when dropped.
#[derive(Debug)]
struct Driver {
    process: Child,
    address: SocketAddr,
}

/// The driver's program, where it is installed.
fn program() -> Option<PathBuf> {
    let named = std::env::var_os("CHROMEDRIVER").map(PathBuf::from);
    let usual = Path::new("/usr/bin/chromedriver");
    named.or_else(|| usual.exists().then(|| usual.to_owned()))
}

impl Driver {
    fn start() -> Option<Driver> {
        let mut process = Command::new(program()?)
            .arg("--port=0")
            // Browsers write days as the office does, where its language is installed.
            .env("LANGUAGE", "zh_CN")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        let told = lines.map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        let port = told.expect("chromedriver says its port");
        Some(Driver {
            process,
            address: SocketAddr::from(([127, 0, 0, 1], port)),
        })
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Killing the driver would leave its browsers behind; asked to, it ends them.
        if let Ok(mut stream) = TcpStream::connect(self.address) {
            let _ = stream.write_all(b"GET /shutdown HTTP/1.0\r\nHost: localhost\r\n\r\n");
            let _ = stream.read(&mut [0; 64]);
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Someone in front of a browser.
pub struct Person {
    web: WebDriver,
    base: String,
    screen: Screen,
    /// Where the browser keeps what it is given.
    downloads: TempDir,
    /// Clicks, choices and keys since [`Person::start_counting`].
    pub actions: u32,
    /// Fields written in since then.
    pub fields: u32,
    _driver: Driver,
}

impl Person {
    /// Opens a browser on a served app; `None` where Chromium is not installed.
    pub async fn sits_down(address: SocketAddr, screen: Screen) -> Option<Person> {
        let driver = Driver::start()?;
        let mut wishes = DesiredCapabilities::chrome();
        let mut ask = |word: &str| wishes.add_arg(word).expect("a word");
        for word in [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--lang=zh-CN",
        ] {
            ask(word);
        }
        match screen {
            // 1366×768 points at 125 % are this many of the page's pixels.
            Screen::Desk => {
                ask("--window-size=1093,614");
                ask("--force-device-scale-factor=1.25");
            }
            Screen::Phone => {
                let phone = json!({ "deviceMetrics": { "width": 390, "height": 844, "pixelRatio": 2.0, "mobile": true, "touch": false } });
                let wished = wishes.add_experimental_option("mobileEmulation", phone);
                wished.expect("an emulated phone");
            }
        }
        let downloads = tempfile::tempdir().expect("a folder");
        let folder = json!({ "download.default_directory": downloads.path() });
        let kept = wishes.add_experimental_option("prefs", folder);
        kept.expect("a folder for downloads");
        let web = WebDriver::new(format!("http://{}", driver.address), wishes).await;
        Some(Person {
            web: web.expect("Chromium starts"),
            // Named so that a browser takes it for a secure place, as it takes a host behind TLS.
            base: format!("http://localhost:{}", address.port()),
            screen,
            downloads,
            actions: 0,
            fields: 0,
            _driver: driver,
        })
    }

    /// Forgets what was counted.
    pub fn start_counting(&mut self) {
        (self.actions, self.fields) = (0, 0);
    }

    /// Goes to an address of the app, as by a bookmark.
    pub async fn opens(&self, path: &str) {
        let address = format!("{}{path}", self.base);
        self.web.goto(address).await.expect("a page");
    }

    /// The browser's own way back.
    pub async fn goes_back(&self) {
        self.web.back().await.expect("a page before this one");
    }

    /// Where the browser is: path and query.
    pub async fn place(&self) -> String {
        let url = self.web.current_url().await.expect("an address");
        match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        }
    }

    /// Clicks what leads to another page (a link, a form's button) and waits
    /// until that page is there, scripts and all.
    pub async fn follows(&mut self, css: &str) {
        self.marks().await;
        self.clicks(css).await;
        self.arrives(css).await;
    }

    /// Presses keys that lead to another page, and waits until it is there.
    pub async fn presses_and_goes(&mut self, keys: &str) {
        self.marks().await;
        self.presses(keys).await;
        self.arrives(keys).await;
    }

    /// Marks the page, so that the next one can be told from it.
    async fn marks(&self) {
        self.asks("document.documentElement.setAttribute('data-left', '')")
            .await;
    }

    async fn arrives(&self, by: &str) {
        let there = self.web.query(By::Css("html:not([data-left])"));
        let there = there.wait(PATIENCE, GLANCE).first().await;
        there.unwrap_or_else(|error| panic!("{by} leads nowhere: {error}"));
        self.waits("return document.readyState === 'complete'")
            .await;
    }

    /// Waits until a script of the test answers true.
    pub async fn waits(&self, script: &str) {
        let begun = Instant::now();
        let mut ticks = tokio::time::interval(GLANCE);
        while self.asks(script).await != json!(true) {
            assert!(begun.elapsed() < PATIENCE, "never true: {script}");
            ticks.tick().await;
        }
    }

    /// Opens a page again and again until it reads so.
    pub async fn awaits(&self, path: &str, words: &str) {
        let begun = Instant::now();
        let mut ticks = tokio::time::interval(GLANCE);
        loop {
            self.opens(path).await;
            let page = self.reads("main").await;
            if page.contains(words) {
                return;
            }
            let waited = begun.elapsed();
            assert!(waited < PATIENCE, "{path} never reads {words}: {page}");
            ticks.tick().await;
        }
    }

    /// Browses on as where scripts are forbidden. Those of the test itself are
    /// run by the driver.
    pub async fn forbids_scripts(&self) {
        let off = json!({ "value": true });
        self.tells("Emulation.setScriptExecutionDisabled", off)
            .await;
    }

    /// A command of the `DevTools` protocol.
    async fn tells(&self, command: &str, how: Value) -> Value {
        let told = self.web.cdp().send_raw(command, how).await;
        told.unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// Chooses a file of this name and content.
    pub async fn chooses_file(&mut self, css: &str, name: &str, content: &[u8]) {
        self.fields += 1;
        let folder = self.downloads.path().join("own");
        std::fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join(name);
        std::fs::write(&path, content).expect("a file");
        let found = self.web.find(By::Css(css)).await;
        let found = found.unwrap_or_else(|error| panic!("no field {css}: {error}"));
        let path = path.to_str().expect("a path in UTF-8");
        found.send_keys(path).await.expect("a file to choose");
    }

    /// Clicks what gives a file, and waits until it is there whole: its bytes.
    pub async fn takes(&mut self, css: &str) -> Vec<u8> {
        self.clicks(css).await;
        let begun = Instant::now();
        let mut ticks = tokio::time::interval(GLANCE);
        loop {
            if let Some(path) = given(self.downloads.path()) {
                let bytes = std::fs::read(&path).expect("a file");
                std::fs::remove_file(&path).expect("a file to put away");
                return bytes;
            }
            assert!(begun.elapsed() < PATIENCE, "{css} gives no file");
            ticks.tick().await;
        }
    }

    /// The page as it is printed, on the paper it asks for: a PDF.
    pub async fn prints(&self) -> Vec<u8> {
        let how = json!({ "preferCSSPageSize": true, "printBackground": false });
        let printed = self.tells("Page.printToPDF", how).await;
        let data = printed["data"].as_str().expect("a document");
        BASE64_STANDARD.decode(data).expect("a document in Base64")
    }

    /// Shows the page as paper would, or as a screen again.
    pub async fn looks_as_printed(&self, printed: bool) {
        let media = json!({ "media": if printed { "print" } else { "" } });
        self.tells("Emulation.setEmulatedMedia", media).await;
    }

    /// Clicks the first element of a selector.
    pub async fn clicks(&mut self, css: &str) {
        self.actions += 1;
        let found = self.web.find(By::Css(css)).await;
        let found = found.unwrap_or_else(|error| panic!("nothing to click at {css}: {error}"));
        let _ = found.scroll_into_view().await;
        if let Err(error) = found.click().await {
            panic!("cannot click {css}: {error}");
        }
    }

    /// Chooses an option of a select by its value.
    pub async fn chooses(&mut self, css: &str, value: &str) {
        self.actions += 1;
        let option = format!("{css} option[value='{value}']");
        let found = self.web.find(By::Css(&*option)).await;
        let found = found.unwrap_or_else(|error| panic!("no choice {option}: {error}"));
        found.click().await.expect("a choice");
    }

    /// Writes into a field what is not there yet.
    pub async fn writes(&mut self, css: &str, words: &str) {
        self.fields += 1;
        let found = self.web.find(By::Css(css)).await;
        let found = found.unwrap_or_else(|error| panic!("no field {css}: {error}"));
        found.send_keys(words).await.expect("a field to write in");
    }

    /// Fills in a day, as a browser's own calendar does.
    pub async fn dates(&mut self, css: &str, day: &str) {
        self.fields += 1;
        self.asks(&format!(
            "document.querySelector(\"{css}\").value = '{day}'"
        ))
        .await;
        assert_eq!(self.value(css).await, day, "{css} is no day");
    }

    /// Presses keys with the page in focus.
    pub async fn presses(&mut self, keys: &str) {
        self.actions += 1;
        let body = self.web.active_element().await.expect("something in focus");
        body.send_keys(keys).await.expect("keys");
    }

    /// How many there are of a selector.
    pub async fn counts(&self, css: &str) -> u64 {
        let script = format!("return document.querySelectorAll(\"{css}\").length");
        self.asks(&script).await.as_u64().expect("a number")
    }

    /// Whether an element is there to be seen: one that is hidden is not.
    pub async fn shows_up(&self, css: &str) -> bool {
        match self.web.find(By::Css(css)).await {
            Ok(found) => found.is_displayed().await.expect("an answer"),
            Err(_) => false,
        }
    }

    /// Whether there is such an element.
    pub async fn sees(&self, css: &str) -> bool {
        self.web.find(By::Css(css)).await.is_ok()
    }

    /// The visible text of an element.
    pub async fn reads(&self, css: &str) -> String {
        let found = self.web.find(By::Css(css)).await;
        let found = found.unwrap_or_else(|error| panic!("nothing to read at {css}: {error}"));
        found.text().await.expect("text")
    }

    /// An attribute or property of the first element of a selector.
    pub async fn value(&self, css: &str) -> String {
        let found = self.web.find(By::Css(css)).await;
        let found = found.unwrap_or_else(|error| panic!("no field {css}: {error}"));
        found
            .prop("value")
            .await
            .expect("a value")
            .unwrap_or_default()
    }

    /// What a script of the test answers.
    pub async fn asks(&self, script: &str) -> Value {
        let answer: WebDriverResult<_> = self.web.execute(script, vec![]).await;
        answer.expect("a script").json().clone()
    }

    /// What a script answers through its callback, the last argument.
    pub async fn asks_and_waits(&self, script: &str) -> Value {
        let answer = self.web.execute_async(script, vec![]).await;
        answer.expect("a script").json().clone()
    }

    /// Pixels by which the widest thing on the page stands out of it. What
    /// scrolls by itself may, and a sheet of paper; what is cut off may not.
    pub async fn overhang(&self) -> i64 {
        let script = "const edges = Array.from(document.querySelectorAll('body *'))
            .filter(e => !e.closest('.scroll, .chart, .paper, pre, details:not([open])') && e.getClientRects().length)
            .map(e => e.getBoundingClientRect().right + window.scrollX);
            return Math.floor(Math.max(...edges) - Math.min(document.documentElement.clientWidth, WIDTH))";
        // A phone makes the window of a page that is too wide as wide as the page.
        let width = match self.screen {
            Screen::Desk => "Infinity",
            Screen::Phone => "390",
        };
        let script = script.replace("WIDTH", width);
        self.asks(&script).await.as_i64().expect("a number")
    }

    /// Keeps two pictures in `$HEARTH_PICTURES`, if that is set: what is on the
    /// screen at first, and the page as far as a document shows it.
    pub async fn shows(&self, name: &str) {
        let Some(folder) = std::env::var_os("HEARTH_PICTURES") else {
            return;
        };
        std::fs::create_dir_all(&folder).expect("a folder");
        let screen = match self.screen {
            Screen::Desk => "desk",
            Screen::Phone => "phone",
        };
        let path = Path::new(&folder).join(format!("{name}-{screen}.png"));
        self.web.screenshot(&path).await.expect("a picture");
        let size = self.tells("Page.getLayoutMetrics", json!({})).await;
        let (width, height) = (
            size["cssContentSize"]["width"].clone(),
            size["cssContentSize"]["height"].clone(),
        );
        let height = height
            .as_f64()
            .map_or(LENGTH_SHOWN, |px| px.min(LENGTH_SHOWN));
        let clip = json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": 0.8 });
        let how = json!({ "captureBeyondViewport": true, "clip": clip });
        let told = self.tells("Page.captureScreenshot", how).await;
        let data = told["data"].as_str().expect("a picture");
        let data = BASE64_STANDARD.decode(data).expect("a picture in Base64");
        let path = Path::new(&folder).join(format!("{name}-{screen}-page.png"));
        std::fs::write(path, data).expect("a picture to keep");
    }

    /// Closes the browser.
    pub async fn leaves(self) {
        let _ = self.web.quit().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_held_is_not_yet_a_file() {
        let folder = TempDir::new().unwrap();
        let (file, beside) = (
            folder.path().join("名册.csv"),
            folder.path().join("名册.csv.crdownload"),
        );
        assert_eq!(given(folder.path()), None);
        std::fs::write(&file, "").unwrap();
        assert_eq!(given(folder.path()), None, "an empty file holds the name");
        std::fs::write(&beside, "姓名").unwrap();
        assert_eq!(given(folder.path()), None);
        std::fs::rename(&beside, &file).unwrap();
        assert_eq!(given(folder.path()), Some(file));
    }
}
