//! What a visitor's screen is like.

use serde_json::{Value, json};
use std::path::Path;

/// Size, light and language.
#[derive(Clone, Debug)]
pub struct Look {
    width: u32,
    height: u32,
    is_phone: bool,
    is_dark: bool,
    languages: &'static str,
}

impl Look {
    /// A desk: 1280 by 800, light, English.
    pub fn desk() -> Self {
        Self { width: 1280, height: 800, is_phone: false, is_dark: false, languages: "en-GB,en" }
    }

    /// A phone held upright: 390 by 844, with touch.
    pub fn phone() -> Self {
        Self { width: 390, height: 844, is_phone: true, ..Self::desk() }
    }

    /// In the dark.
    pub fn dark(mut self) -> Self {
        self.is_dark = true;
        self
    }

    /// In Spanish.
    pub fn spanish(mut self) -> Self {
        self.languages = "es-CO,es";
        self
    }

    /// What the browser is started with: headless, and without calls of its own to anybody.
    pub(super) fn capabilities(&self, profile: &Path) -> Value {
        let mut arguments: Vec<String> = [
            "--headless=new",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-default-apps",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            // A page that other windows cover is still a page that somebody reads.
            "--disable-backgrounding-occluded-windows",
        ]
        .map(str::to_owned)
        .into();
        arguments.push(format!("--user-data-dir={}", profile.display()));
        arguments.push(format!("--window-size={},{}", self.width, self.height));
        if rustix::process::geteuid().is_root() {
            // Chromium refuses to have one as root.
            arguments.push("--no-sandbox".into());
        }
        json!({
            "browserName": "chrome",
            "goog:chromeOptions": {
                "args": arguments,
                "prefs": {"intl.accept_languages": self.languages},
            },
            "goog:loggingPrefs": {"browser": "ALL"},
        })
    }

    /// What Chromium is told of the screen.
    pub(super) fn emulation(&self) -> Vec<(&'static str, Value)> {
        let scale = if self.is_phone { 2 } else { 1 };
        let scheme = if self.is_dark { "dark" } else { "light" };
        vec![
            (
                "Emulation.setDeviceMetricsOverride",
                json!({
                    "width": self.width, "height": self.height,
                    "deviceScaleFactor": scale, "mobile": self.is_phone,
                }),
            ),
            ("Emulation.setTouchEmulationEnabled", json!({"enabled": self.is_phone})),
            (
                "Emulation.setEmulatedMedia",
                json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]}),
            ),
        ]
    }
}
