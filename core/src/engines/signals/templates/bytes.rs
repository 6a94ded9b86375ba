//! The classes of bytes that masking and its forms go by.

pub const DIGIT: u8 = 1;
pub const ALPHA: u8 = 2;
pub const SPACE: u8 = 4;
pub const SLASH: u8 = 8;
pub const OTHER: u8 = 16;
pub const HEX: u8 = 32;
pub const CODE: u8 = 64;
pub const DOT: u8 = 128;

/// The classes of every byte. Bytes above 127 count as letters: they belong to words.
static CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [OTHER; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'0'..=b'9' => DIGIT | HEX,
            b'a'..=b'f' | b'A'..=b'F' => ALPHA | HEX,
            b'g'..=b'z' | b'G'..=b'Z' | 128..=254 => ALPHA,
            255 => CODE,
            b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c => SPACE,
            b'/' | b'\\' => SLASH,
            b'.' => OTHER | DOT,
            _ => OTHER,
        };
        byte += 1;
    }
    table
}

/// The classes of a byte, as bits.
pub fn class(byte: u8) -> u8 {
    CLASS[byte as usize]
}

/// Whether there is a byte, and of one of the classes wanted.
pub fn is(byte: Option<&u8>, wanted: u8) -> bool {
    byte.is_some_and(|b| class(*b) & wanted != 0)
}
