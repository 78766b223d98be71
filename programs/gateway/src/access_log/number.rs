//! Numbers as text, straight into the line. Owns decimal digits, nothing else.

/// Appends `number` in decimal.
pub(super) fn push(line: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut used = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
        used += 1;
        if number == 0 {
            break;
        }
    }
    line.extend_from_slice(digits.get(digits.len() - used..).unwrap_or_default());
}

/// Appends `number`, below ten to the power of `N`, in exactly `N` digits.
pub(super) fn push_padded<const N: usize>(line: &mut Vec<u8>, mut number: u64) {
    let mut digits = [b'0'; N];
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
    line.extend_from_slice(&digits);
}

/// Appends microseconds as milliseconds with three decimals.
pub(super) fn push_millis(line: &mut Vec<u8>, micros: u64) {
    push(line, micros / 1000);
    line.push(b'.');
    push_padded::<3>(line, micros % 1000);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut line = Vec::new();
        write(&mut line);
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn numbers_read_as_they_should() {
        for number in [0, 1, 9, 10, 99, 100, 65_535, 1_000_000_007, u64::MAX - 1, u64::MAX] {
            assert_eq!(text(|line| push(line, number)), number.to_string());
        }
        assert_eq!(text(|line| push_padded::<3>(line, 7)), "007");
        assert_eq!(text(|line| push_millis(line, 0)), "0.000");
        assert_eq!(text(|line| push_millis(line, 12_045)), "12.045");
        assert_eq!(text(|line| push_millis(line, u64::MAX)), "18446744073709551.615");
    }
}
