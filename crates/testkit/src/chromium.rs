//! A real Chromium behind its WebDriver, as an officer has one on the desk or
//! in the hand. What is counted is what a person does: clicks, choices, fields.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use thirtyfour::common::capabilities::chromium::ChromiumLikeCapabilities as _;
use thirtyfour::prelude::{
    By, DesiredCapabilities, ElementQueryable as _, WebDriver, WebDriverResult,
};

/// How long a page may take on a machine that builds beside.
const PATIENCE: Duration = Duration::from_mins(1);
const GLANCE: Duration = Duration::from_millis(50);

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
    /// Clicks and choices since [`Person::start_counting`].
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
                let phone = json!({ "deviceMetrics": { "width": 390, "height": 844, "pixelRatio": 2.0, "mobile": true, "touch": true } });
                let wished = wishes.add_experimental_option("mobileEmulation", phone);
                wished.expect("an emulated phone");
            }
        }
        let web = WebDriver::new(format!("http://{}", driver.address), wishes).await;
        Some(Person {
            web: web.expect("Chromium starts"),
            // Named so that a browser takes it for a secure place, as it takes a host behind TLS.
            base: format!("http://localhost:{}", address.port()),
            screen,
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
        self.asks("document.documentElement.setAttribute('data-left', '')")
            .await;
        self.clicks(css).await;
        let there = self.web.query(By::Css("html:not([data-left])"));
        let there = there.wait(PATIENCE, GLANCE).first().await;
        there.unwrap_or_else(|error| panic!("{css} leads nowhere: {error}"));
        self.asks_and_waits(
            "const done = arguments[arguments.length - 1];
            if (document.readyState === 'complete') { done(0); } else { window.addEventListener('load', () => done(0)); }",
        )
        .await;
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

    /// Presses keys with the page in focus.
    pub async fn presses(&mut self, keys: &str) {
        self.actions += 1;
        let body = self.web.active_element().await.expect("something in focus");
        body.send_keys(keys).await.expect("keys");
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

    /// Keeps a picture of the whole page in `$HEARTH_PICTURES`, if that is set.
    pub async fn shows(&self, name: &str) {
        let Some(folder) = std::env::var_os("HEARTH_PICTURES") else {
            return;
        };
        let screen = match self.screen {
            Screen::Desk => "desk",
            Screen::Phone => "phone",
        };
        let path = Path::new(&folder).join(format!("{name}-{screen}.png"));
        self.web.screenshot(&path).await.expect("a picture");
    }

    /// Closes the browser.
    pub async fn leaves(self) {
        let _ = self.web.quit().await;
    }
}
