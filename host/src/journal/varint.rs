//! Numbers in as few bytes as they need (LEB128), for files of many small ones.

/// Writes a number.
pub(super) fn put(into: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        into.push(number as u8 | 0x80);
        number >>= 7;
    }
    into.push(number as u8);
}

/// Writes how far a number is from another one, in either direction.
pub(super) fn put_from(into: &mut Vec<u8>, origin: u64, number: u64) {
    let distance = number.wrapping_sub(origin) as i64;
    put(into, ((distance << 1) ^ (distance >> 63)) as u64);
}

/// Writes bytes with their length.
pub(super) fn put_bytes(into: &mut Vec<u8>, bytes: &[u8]) {
    put(into, bytes.len() as u64);
    into.extend_from_slice(bytes);
}

/// Reads a number, and goes behind it.
pub(super) fn take(from: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (byte, rest) = from.split_first()?;
        *from = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return Some(number);
        }
    }
    None
}

/// Reads what [`put_from`] wrote.
pub(super) fn take_from(from: &mut &[u8], origin: u64) -> Option<u64> {
    let read = take(from)?;
    let distance = (read >> 1) as i64 ^ -((read & 1) as i64);
    Some(origin.wrapping_add(distance as u64))
}

/// Reads what [`put_bytes`] wrote.
pub(super) fn take_bytes<'b>(from: &mut &'b [u8]) -> Option<&'b [u8]> {
    let length = usize::try_from(take(from)?).ok()?;
    let (bytes, rest) = from.split_at_checked(length)?;
    *from = rest;
    Some(bytes)
}

/// Reads a text that [`put_bytes`] wrote.
pub(super) fn take_text<'b>(from: &mut &'b [u8]) -> Option<&'b str> {
    std::str::from_utf8(take_bytes(from)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_nothing_more() {
        for number in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            for origin in [0, 200, u64::MAX] {
                let mut bytes = Vec::new();
                put(&mut bytes, number);
                put_from(&mut bytes, origin, number);
                put_bytes(&mut bytes, b"ab");
                let mut rest = bytes.as_slice();
                assert_eq!((take(&mut rest), take_from(&mut rest, origin)), (Some(number), Some(number)));
                assert_eq!((take_text(&mut rest), rest), (Some("ab"), &[][..]));
            }
        }
    }

    #[test]
    fn what_ends_too_early_is_nothing() {
        assert_eq!(take(&mut &[0x80][..]), None);
        assert_eq!(take_bytes(&mut &[3, 1, 2][..]), None);
    }
}
