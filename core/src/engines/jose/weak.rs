//! RSA keys that anyone can break, told by their public part.

/// Primes whose multiplicative groups 65537 does not generate give the fingerprint of ROCA: M. Nemec et al.,
/// "The Return of Coppersmith's Attack" (CCS 2017), §4.
const PRIMES: [u16; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103,
    107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// Whether a modulus (big-endian) was made by the broken generator of CVE-2017-15361. An ordinary key
/// is taken for one once in about 2^27.
pub(super) fn has_roca_fingerprint(modulus: &[u8]) -> bool {
    PRIMES.iter().all(|&prime| is_power_of_65537(remainder(modulus, prime), prime))
}

fn remainder(number: &[u8], prime: u16) -> u16 {
    let prime = u32::from(prime);
    number.iter().fold(0u32, |rest, byte| (rest * 256 + u32::from(*byte)) % prime) as u16
}

fn is_power_of_65537(number: u16, prime: u16) -> bool {
    let (generator, wide) = (65_537 % u32::from(prime), u32::from(prime));
    let mut power = 1;
    for _ in 0..prime {
        if power == u32::from(number) {
            return true;
        }
        power = power * generator % wide;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_broken_generator_is_told_by_its_residues() {
        // 65537^k mod M of small k has the fingerprint by construction: 1, 65537, 65537².
        assert!(has_roca_fingerprint(&[1]));
        assert!(has_roca_fingerprint(&65_537u32.to_be_bytes()));
        assert!(has_roca_fingerprint(&(65_537u64 * 65_537).to_be_bytes()));
        // Random numbers do not.
        let mut state = 0x9E37_79B9_7F4A_7C15u64;
        for _ in 0..2_000 {
            let mut modulus = Vec::new();
            for _ in 0..32 {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                modulus.extend(state.to_be_bytes());
            }
            assert!(!has_roca_fingerprint(&modulus));
        }
    }
}
