//! What was measured, as ratios to the hand-written code.

use std::fs;

use crate::contenders::Contender;

/// Where criterion keeps its figures.
pub const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/criterion");

/// Prints the medians and how many allocations one evaluation makes.
pub fn print(contenders: &[Contender]) {
    println!("{:<10} {:>12} {:>9} {:>12} {:>9} {:>12}", "", "evaluate", "by hand =", "whole", "by hand =", "allocations");
    let Some(by_hand) = contenders.first() else { return };
    for contender in contenders {
        let allocations = allocation_counter::measure(|| (contender.evaluate)()).count_total;
        let (evaluate, whole) = (beside(by_hand, contender, "evaluate"), beside(by_hand, contender, "whole"));
        println!("{:<10} {evaluate} {whole} {allocations:>12}", contender.name);
    }
}

/// The median of one contender in microseconds, and how many times that of the other it is.
fn beside(one: &Contender, other: &Contender, group: &str) -> String {
    match (median(group, one.name), median(group, other.name)) {
        (Some(one), Some(other)) => format!("{:>9.3} us {:>9.2}", other / 1000.0, other / one),
        _ => format!("{:>12} {:>9}", "-", "-"),
    }
}

/// In nanoseconds; none where it was filtered out and has never been measured.
fn median(group: &str, name: &str) -> Option<f64> {
    let path = format!("{DIRECTORY}/{group}/{name}/new/estimates.json");
    let estimates: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
    estimates["median"]["point_estimate"].as_f64()
}
