//! A real browser without a window, led by its own driver: pages are opened, clicked and typed at, and what they say is heard.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::http::Head;
use crate::{Process, Waiting, signal};

/// Names an element in answers of the driver, by the WebDriver standard.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Keys that are no characters, by the WebDriver standard.
pub mod keys {
    /// To the next element.
    pub const TAB: &str = "\u{e004}";
    /// Away from where one is.
    pub const ESCAPE: &str = "\u{e00c}";
    /// Presses what has the focus.
    pub const ENTER: &str = "\u{e007}";
    /// To the left.
    pub const LEFT: &str = "\u{e012}";
    /// To the right.
    pub const RIGHT: &str = "\u{e014}";
}

/// A browser with one window; it ends with the test.
pub struct Browser {
    driver: Child,
    address: String,
    session: String,
    profile: tempfile::TempDir,
}

impl Browser {
    /// Starts the browser of the tier with a window of this size.
    ///
    /// # Panics
    /// When the tier has not been prepared, or the browser does not start.
    pub fn start(width: u32, height: u32) -> Self {
        let program = std::env::var_os("TOKENMILL_CHROMEDRIVER");
        let program = program.expect("there is no browser; run `cargo xtask test --services`");
        let mut driver = Command::new(program);
        let mut driver = driver.arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a driver");
        let mut said = BufReader::new(driver.stdout.take().expect("its output")).lines();
        // It says which port it has found: `… was started successfully on port 40123.`
        let port = said.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("successfully on port ")?;
            Some(port.trim_end_matches('.').to_owned())
        });
        // Whatever else it says must be read, or it would wait for that.
        std::thread::spawn(move || said.for_each(drop));
        let address = format!("127.0.0.1:{}", port.expect("a port"));
        let profile = tempfile::tempdir().expect("a folder");
        let mut browser = Self { driver, address, session: String::new(), profile };
        browser.begin(width, height);
        browser
    }

    fn begin(&mut self, width: u32, height: u32) {
        let profile = format!("--user-data-dir={}", self.profile.path().display());
        // Containers seldom let a browser make its sandbox, and tests open nothing but pages of their own.
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--hide-scrollbars",
            "--force-prefers-reduced-motion",
            &profile,
        ];
        let session = self.ask(
            "POST",
            "/session",
            &json!({"capabilities": {"alwaysMatch": {
                "unhandledPromptBehavior": "ignore",
                "goog:chromeOptions": {"args": arguments},
                "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            }}}),
        );
        self.session = session["sessionId"].as_str().expect("a session").to_owned();
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.tell("Emulation.setDeviceMetricsOverride", &size);
        // What the browser shows at first, it loads from itself; nobody is to hear of that.
        self.post("url", &json!({"url": "about:blank"}));
        self.console();
        self.requests();
    }

    /// Opens a file.
    pub fn open(&self, page: &Path) {
        self.post("url", &json!({"url": format!("file://{}", page.display())}));
    }

    /// Lets pages believe that the system is dark, or light.
    pub fn prefer(&self, scheme: &str) {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.tell("Emulation.setEmulatedMedia", &features);
    }

    /// What a script returns.
    pub fn script(&self, script: &str) -> Value {
        self.post("execute/sync", &json!({"script": script, "args": []}))
    }

    /// Scrolls an element to the middle and clicks it as a mouse does: it must be there to be seen, and nothing may lie over it.
    pub fn click(&self, selector: &str) {
        let element = self.find(selector);
        let scroll = "arguments[0].scrollIntoView({ block: 'center' })";
        self.post("execute/sync", &json!({"script": scroll, "args": [{ELEMENT: element}]}));
        self.post(&format!("element/{element}/click"), &json!({}));
    }

    /// Types into an element as a keyboard does.
    pub fn type_into(&self, selector: &str, text: &str) {
        self.post(&format!("element/{}/value", self.find(selector)), &json!({"text": text}));
    }

    /// Presses keys, one after the other, wherever the focus is.
    pub fn press(&self, text: &str) {
        let strokes = text.chars().flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({"type": kind, "value": key})));
        let strokes: Vec<Value> = strokes.collect();
        self.post("actions", &json!({"actions": [{"type": "key", "id": "keyboard", "actions": strokes}]}));
    }

    /// The text of an element, as it can be seen.
    ///
    /// # Panics
    /// When there is no such element.
    pub fn text(&self, selector: &str) -> String {
        let text =
            self.ask("GET", &format!("/session/{}/element/{}/text", self.session, self.find(selector)), &Value::Null);
        text.as_str().expect("a text").to_owned()
    }

    /// Waits until a script says that something is so.
    ///
    /// # Panics
    /// When it is not so after half a minute.
    pub fn until(&self, condition: &str) {
        Waiting::for_seconds(30).until(condition, || self.script(&format!("return Boolean({condition})")) == true);
    }

    /// The window as PNG.
    ///
    /// # Panics
    /// When it is none.
    pub fn screenshot(&self) -> Vec<u8> {
        let encoded = self.ask("GET", &format!("/session/{}/screenshot", self.session), &Value::Null);
        STANDARD.decode(encoded.as_str().expect("a picture")).expect("base64")
    }

    /// What the page has said on its console since the last time, the complaints of the browser among it.
    pub fn console(&self) -> Vec<String> {
        self.log("browser").iter().map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The addresses that were asked for since the last time.
    ///
    /// # Panics
    /// When the browser says something else than its own protocol.
    pub fn requests(&self) -> Vec<String> {
        let message = |entry: &Value| -> Value {
            serde_json::from_str(entry["message"].as_str().unwrap_or_default()).expect("JSON in the log")
        };
        let messages = self.log("performance");
        let sent =
            messages.iter().map(message).filter(|entry| entry["message"]["method"] == "Network.requestWillBeSent");
        sent.map(|entry| entry["message"]["params"]["request"]["url"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Whether a dialogue is open, such as that of `alert`.
    pub fn has_dialogue(&self) -> bool {
        self.try_ask("GET", &format!("/session/{}/alert/text", self.session), &Value::Null).is_ok()
    }

    fn log(&self, kind: &str) -> Vec<Value> {
        self.post("se/log", &json!({"type": kind})).as_array().cloned().unwrap_or_default()
    }

    fn find(&self, selector: &str) -> String {
        let found = self.post("element", &json!({"using": "css selector", "value": selector}));
        found[ELEMENT].as_str().unwrap_or_else(|| panic!("no element `{selector}`")).to_owned()
    }

    fn tell(&self, command: &str, parameters: &Value) {
        self.post("goog/cdp/execute", &json!({"cmd": command, "params": parameters}));
    }

    fn post(&self, command: &str, body: &Value) -> Value {
        self.ask("POST", &format!("/session/{}/{command}", self.session), body)
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        self.try_ask(method, path, body).unwrap_or_else(|error| panic!("{method} {path} with {body}: {error}"))
    }

    /// One request to the driver; its complaint when it refuses.
    fn try_ask(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n",
            self.address,
            body.len()
        );
        let answer = (|| {
            let mut stream = BufReader::new(TcpStream::connect(&self.address)?);
            stream.get_ref().set_read_timeout(Some(Duration::from_secs(120)))?;
            stream.get_mut().write_all(format!("{head}{body}").as_bytes())?;
            let head = Head::read(&mut stream)?.ok_or(std::io::ErrorKind::UnexpectedEof)?;
            Ok::<_, std::io::Error>((head.status()?, head.body_of_answer(method)?.read(&mut stream)?))
        })();
        let (status, content) = answer.map_err(|error| error.to_string())?;
        let mut content: Value = serde_json::from_slice(&content).map_err(|error| error.to_string())?;
        if status == 200 { Ok(content["value"].take()) } else { Err(content["value"].to_string()) }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            let _ = self.try_ask("DELETE", &format!("/session/{}", self.session), &Value::Null);
        }
        let driver = Process::of_number(self.driver.id());
        let mut left = driver.descendants();
        left.push(driver);
        signal("KILL", &left);
        let _ = self.driver.wait();
    }
}
