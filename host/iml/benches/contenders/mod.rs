//! Those who do the mapping, one a file.

mod by_hand;
mod cel;
mod iml;
mod minijinja;
mod rhai;

use jiff::fmt::strtime;

/// One way to do the mapping.
pub struct Contender {
    pub name: &'static str,
    /// The mapping alone; the result is made and dropped.
    pub evaluate: Box<dyn Fn()>,
    pub whole: Whole,
}

/// From the payload's bytes to the bundle's.
pub type Whole = Box<dyn Fn(&str) -> Vec<u8>>;

/// All of them; what the others are compared with comes first.
pub fn all(payload: &'static str) -> Vec<Contender> {
    vec![
        by_hand::contender(payload),
        iml::contender(payload),
        minijinja::contender(payload),
        rhai::contender(payload),
        cel::contender(payload),
    ]
}

/// What `formatDate(text; "DD.MM.YYYY HH:mm")` gives, for those whose language has no dates.
fn format_date(text: &str) -> String {
    let timestamp: jiff::Timestamp = text.parse().expect("a timestamp");
    strtime::format("%d.%m.%Y %H:%M", timestamp).expect("a format")
}
