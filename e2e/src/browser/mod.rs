//! A real browser, driven as a person uses it: what it shows, what is clicked and typed, how it
//! looks on a desk, on a phone and in the dark, and whether everybody can use it.
//!
//! Chromium and its driver are Debian packages; `axe-core`, which judges accessibility, comes from
//! npm into `target/e2e`. `cargo xtask test` installs both.

mod axe;
mod driver;
mod look;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use self::driver::Driver;
pub use self::look::Look;

/// How long a page may take to show what a test waits for. Longer than for a socket: a browser
/// that starts beside others on two cores is slow.
const PATIENCE: Duration = Duration::from_secs(40);

/// The name by which WebDriver gives elements away.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with one window, a profile of its own, and nobody else's tests in it.
pub struct Browser {
    driver: Driver,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts a browser that looks so.
    pub fn open(look: &Look) -> Self {
        let profile = tempfile::tempdir().expect("a temporary folder");
        let driver = Driver::start(&look.capabilities(profile.path()));
        for (command, parameters) in look.emulation() {
            driver.chromium(command, &parameters);
        }
        Self { driver, _profile: profile }
    }

    /// Opens an address and waits until it is loaded.
    pub fn go(&self, url: &str) {
        self.driver.post("/url", &json!({"url": url}));
    }

    /// Loads the page anew.
    pub fn reload(&self) {
        self.driver.post("/refresh", &json!({}));
    }

    /// The window's title.
    pub fn title(&self) -> String {
        self.driver.get("/title").as_str().unwrap_or_default().to_owned()
    }

    /// Runs the body of a function in the page; what it returns.
    pub fn run(&self, script: &str, arguments: &[Value]) -> Value {
        self.driver.post("/execute/sync", &json!({"script": script, "args": arguments}))
    }

    /// Waits until the body of a function returns something but null and false.
    pub fn wait_until(&self, what: &str, script: &str) -> Value {
        self.wait(what, || {
            let value = self.run(script, &[]);
            (!matches!(value, Value::Null | Value::Bool(false))).then_some(value)
        })
    }

    /// Waits for an element that is shown.
    pub fn wait_for(&self, css: &str) -> Element<'_> {
        self.wait(css, || self.find(css).filter(Element::is_shown))
    }

    /// Waits for a shown element whose text contains this.
    pub fn wait_for_text(&self, css: &str, text: &str) -> Element<'_> {
        self.wait(&format!("{text:?} in {css}"), || {
            self.find_all(css).into_iter().find(|one| one.is_shown() && one.text().contains(text))
        })
    }

    /// Waits until no such element is shown.
    pub fn wait_for_none(&self, css: &str) {
        self.wait(&format!("the end of {css}"), || {
            (!self.find_all(css).iter().any(Element::is_shown)).then_some(())
        });
    }

    /// The first such element, shown or not.
    pub fn find(&self, css: &str) -> Option<Element<'_>> {
        self.find_all(css).into_iter().next()
    }

    /// All such elements.
    pub fn find_all(&self, css: &str) -> Vec<Element<'_>> {
        let found = self.driver.post("/elements", &json!({"using": "css selector", "value": css}));
        let ids = found.as_array().into_iter().flatten();
        let ids = ids.filter_map(|one| one[ELEMENT].as_str().map(str::to_owned));
        ids.map(|id| Element { browser: self, id }).collect()
    }

    /// Presses keys wherever the focus is: text, or the keys of [`keys`].
    pub fn press(&self, keys: &str) {
        let actions: Vec<Value> = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({"type": kind, "value": key})))
            .collect();
        let source = json!({"type": "key", "id": "keyboard", "actions": actions});
        self.driver.post("/actions", &json!({"actions": [source]}));
    }

    /// Presses a key while another is held.
    pub fn press_with(&self, held: char, key: char) {
        let step = |kind: &str, key: char| json!({"type": kind, "value": key});
        let actions =
            [step("keyDown", held), step("keyDown", key), step("keyUp", key), step("keyUp", held)];
        let source = json!({"type": "key", "id": "keyboard", "actions": actions});
        self.driver.post("/actions", &json!({"actions": [source]}));
    }

    /// Takes the network away, or gives it back.
    pub fn set_offline(&self, offline: bool) {
        let conditions = json!({
            "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
        });
        self.driver.chromium("Network.enable", &json!({}));
        self.driver.chromium("Network.emulateNetworkConditions", &conditions);
    }

    /// A command of Chromium's own protocol.
    pub fn chromium(&self, command: &str, parameters: &Value) -> Value {
        self.driver.chromium(command, parameters)
    }

    /// Keeps a picture of what is shown, under `target/e2e`, to look at.
    pub fn picture(&self, name: &str) -> PathBuf {
        let file = kept().join(format!("{name}.png"));
        let shot = self.driver.get("/screenshot");
        let bytes = STANDARD.decode(shot.as_str().expect("a picture")).expect("base64");
        std::fs::create_dir_all(kept()).expect("writable");
        std::fs::write(&file, bytes).expect("writable");
        file
    }

    /// What the console complained of since the last call: errors of scripts, refused resources.
    pub fn complaints(&self) -> Vec<String> {
        let log = self.driver.post("/se/log", &json!({"type": "browser"}));
        let entries = log.as_array().into_iter().flatten();
        let severe = entries.filter(|entry| entry["level"] == "SEVERE");
        severe.filter_map(|entry| entry["message"].as_str().map(str::to_owned)).collect()
    }

    /// Fails the test unless axe-core finds nothing wrong with what is shown: WCAG 2.2 A and AA,
    /// and its best practices.
    pub fn judge_accessibility(&self, what: &str) {
        axe::judge(self, what);
    }

    fn wait<T>(&self, what: &str, mut found: impl FnMut() -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(answer) = found() {
                return answer;
            }
            if Instant::now() > deadline {
                let shown = self.run("return document.body.innerText", &[]);
                let picture = self.picture("failed");
                let complaints = self.complaints();
                panic!(
                    "waited {PATIENCE:?} in vain for: {what}\ncomplaints: {complaints:?}\n\
                     picture: {}\nshown: {shown}",
                    picture.display()
                );
            }
            std::thread::sleep(Duration::from_millis(25));
        }
    }
}

/// An element of the page.
pub struct Element<'b> {
    browser: &'b Browser,
    id: String,
}

impl Element<'_> {
    /// Its text as it is shown; empty once it is gone.
    pub fn text(&self) -> String {
        let text = self.ask("return arguments[0].innerText");
        text.as_str().unwrap_or_default().to_owned()
    }

    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<String> {
        let path = format!("/element/{}/attribute/{name}", self.id);
        self.browser.driver.get(&path).as_str().map(str::to_owned)
    }

    /// Whether a visitor can see it.
    pub fn is_shown(&self) -> bool {
        self.ask("return arguments[0].checkVisibility({visibilityProperty: true})") == true
    }

    /// Clicks in its middle, as a visitor would: scrolls it into view, and fails the test when
    /// something lies over it.
    pub fn click(&self) {
        self.browser.driver.post(&format!("/element/{}/click", self.id), &json!({}));
    }

    /// Types into it, after what is there.
    pub fn type_in(&self, text: &str) {
        let path = format!("/element/{}/value", self.id);
        self.browser.driver.post(&path, &json!({"text": text}));
    }

    /// Empties a field.
    pub fn clear(&self) {
        self.browser.driver.post(&format!("/element/{}/clear", self.id), &json!({}));
    }

    /// An element that is gone answers null.
    fn ask(&self, script: &str) -> Value {
        let element = json!({ELEMENT: self.id});
        let call = json!({"script": script, "args": [element]});
        self.browser.driver.try_post("/execute/sync", &call).unwrap_or(Value::Null)
    }
}

/// Keys that are no characters (WebDriver, section 17.4.2).
pub mod keys {
    /// Enter.
    pub const ENTER: char = '\u{e007}';
    /// Shift.
    pub const SHIFT: char = '\u{e008}';
    /// Tab.
    pub const TAB: char = '\u{e004}';
    /// Escape.
    pub const ESCAPE: char = '\u{e00c}';
    /// Page up.
    pub const PAGE_UP: char = '\u{e00e}';
    /// The end of a line or page.
    pub const END: char = '\u{e010}';
    /// The beginning of a line or page.
    pub const HOME: char = '\u{e011}';
}

/// Where `cargo xtask test` keeps packages for tests, and where pictures are left to look at.
fn kept() -> PathBuf {
    let test = std::env::current_exe().expect("the test knows itself");
    let profile = test.ancestors().find(|folder| folder.join("deps").is_dir());
    let target = profile.and_then(Path::parent).expect("a target folder");
    target.join("e2e")
}
