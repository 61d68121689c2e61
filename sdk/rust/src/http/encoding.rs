//! Percent-encoding of what a caller chose, so that it stays the value it is.
//!
//! An argument reaches URLs. Unencoded, `x?admin=true` would add a parameter and `../users` would change the path. What is
//! kept is the *unreserved* set of RFC 3986, section 2.3; everything else is encoded.

use super::Error;

/// Encodes `value` as one segment of a path.
///
/// ```
/// use nexus_shard::http;
///
/// assert_eq!(http::segment("HPD:Help Desk/1")?, "HPD%3AHelp%20Desk%2F1");
/// assert!(http::segment("..").is_err());
/// # Ok::<(), http::Error>(())
/// ```
///
/// # Errors
/// [`Error::Segment`] for an empty value, `.` and `..`: URL parsers take them out, encoded or not, and the request would go
/// to another path.
pub fn segment(value: &str) -> Result<String, Error> {
    if matches!(value, "" | "." | "..") {
        return Err(Error::Segment);
    }
    Ok(encode(value))
}

/// Encodes `value` for a query or a form.
pub(super) fn encode(value: &str) -> String {
    value.bytes().fold(String::with_capacity(value.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(digit(byte >> 4));
            encoded.push(digit(byte & 0xf));
        }
        encoded
    })
}

fn digit(nibble: u8) -> char {
    char::from(if nibble < 10 { b'0' + nibble } else { b'A' + nibble - 10 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_unreserved_and_encodes_the_rest() {
        assert_eq!(encode("aZ09-._~"), "aZ09-._~");
        assert_eq!(encode("a b/c?d#e&f=g%h+é"), "a%20b%2Fc%3Fd%23e%26f%3Dg%25h%2B%C3%A9");
    }

    #[test]
    fn refuses_segments_that_would_climb_or_vanish() {
        for value in ["", ".", ".."] {
            assert_eq!(segment(value), Err(Error::Segment));
        }
        assert_eq!(segment("...").unwrap(), "...");
        assert_eq!(segment("../x").unwrap(), "..%2Fx");
    }
}
