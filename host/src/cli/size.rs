//! Sizes on the command line.

/// A size in bytes that is written with its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size(pub(super) u64);

/// The units, the largest first.
const UNITS: [(&str, u64); 8] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
];

/// Reads a size such as `10GiB`, `500 MB` or `4096`.
pub(super) fn size(text: &str) -> Result<Size, String> {
    let unit = UNITS.iter().find_map(|(name, bytes)| Some((text.strip_suffix(name)?, *bytes)));
    let (number, unit) = unit.unwrap_or((text, 1));
    let number: u64 = number.trim().parse().map_err(|_| "write it as 10GiB, 500MB or a number of bytes".to_owned())?;
    number.checked_mul(unit).map(Size).ok_or_else(|| "that is more than there can be".into())
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match UNITS.iter().find(|(_, bytes)| self.0 > 0 && self.0.is_multiple_of(*bytes)) {
            Some((name, bytes)) => write!(f, "{}{name}", self.0 / bytes),
            None => write!(f, "{}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_with_their_units() {
        assert_eq!(size("10GiB"), Ok(Size(10 << 30)));
        assert_eq!(size("500 MB"), Ok(Size(500_000_000)));
        assert_eq!(size("4096"), Ok(Size(4096)));
        assert!(["", "GiB", "10gib", "-1MB", "1.5GiB", "99999999TiB"].into_iter().all(|text| size(text).is_err()));
    }

    #[test]
    fn a_size_is_shown_as_it_is_written() {
        assert_eq!(Size(10 << 30).to_string(), "10GiB");
        assert_eq!(Size(1_500_000).to_string(), "1500KB");
        assert_eq!(Size(7).to_string(), "7");
    }
}
