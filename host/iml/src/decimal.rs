//! Decimal fractions computed exactly, so that 0.1 + 0.2 is 0.3.

use crate::value::Number;

/// A decimal fraction: `coefficient` divided by ten to the power `scale`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decimal {
    coefficient: i128,
    scale: u32,
}

/// More digits after the point than this are not computed exactly.
const SCALE_LIMIT: u32 = 38;

/// How many significant digits a division gives, as Make's engine does.
const DIVISION_DIGITS: u32 = 20;

impl From<i64> for Decimal {
    fn from(integer: i64) -> Self {
        Self { coefficient: i128::from(integer), scale: 0 }
    }
}

impl Decimal {
    /// Reads digits with an optional sign, fraction and exponent. None where it is not a number, or has too many digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.find(['e', 'E']) {
            Some(at) => (&text[..at], text[at + 1..].parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (negative, unsigned) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa),
        };
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let mut coefficient: i128 = 0;
        for byte in whole.bytes().chain(fraction.bytes()) {
            let digit = (byte as char).to_digit(10)?;
            coefficient = coefficient.checked_mul(10)?.checked_add(i128::from(digit))?;
        }
        let coefficient = if negative { -coefficient } else { coefficient };
        Self::scaled(coefficient, i64::try_from(fraction.len()).ok()? - i64::from(exponent))
    }

    fn scaled(coefficient: i128, scale: i64) -> Option<Self> {
        if coefficient == 0 {
            return Some(Self { coefficient, scale: 0 });
        }
        if scale < 0 {
            let factor = power_of_ten(u32::try_from(-scale).ok()?)?;
            return Some(Self { coefficient: coefficient.checked_mul(factor)?, scale: 0 });
        }
        let scale = u32::try_from(scale).ok().filter(|scale| *scale <= SCALE_LIMIT)?;
        Some(Self { coefficient, scale }.reduced())
    }

    fn reduced(mut self) -> Self {
        while self.scale > 0 && self.coefficient % 10 == 0 {
            self.coefficient /= 10;
            self.scale -= 1;
        }
        self
    }

    fn aligned(self, other: Self) -> Option<(i128, i128, u32)> {
        let scale = self.scale.max(other.scale);
        let one = self.coefficient.checked_mul(power_of_ten(scale - self.scale)?)?;
        let two = other.coefficient.checked_mul(power_of_ten(scale - other.scale)?)?;
        Some((one, two, scale))
    }

    pub(crate) fn add(self, other: Self) -> Option<Self> {
        let (one, two, scale) = self.aligned(other)?;
        Some(Self { coefficient: one.checked_add(two)?, scale }.reduced())
    }

    pub(crate) fn subtract(self, other: Self) -> Option<Self> {
        self.add(Self { coefficient: other.coefficient.checked_neg()?, scale: other.scale })
    }

    pub(crate) fn multiply(self, other: Self) -> Option<Self> {
        let coefficient = self.coefficient.checked_mul(other.coefficient)?;
        Self::scaled(coefficient, i64::from(self.scale + other.scale))
    }

    /// None for a division by zero as well: the caller has looked.
    pub(crate) fn divide(self, other: Self) -> Option<Self> {
        let (one, two, _) = self.aligned(other)?;
        if two == 0 {
            return None;
        }
        if one % two == 0 {
            return Some(Self { coefficient: one / two, scale: 0 });
        }
        let whole_digits = (one / two).unsigned_abs().checked_ilog10().map_or(0, |log| log + 1);
        let scale = DIVISION_DIGITS.saturating_sub(whole_digits);
        let dividend = one.checked_mul(power_of_ten(scale)?)?;
        let (quotient, rest) = (dividend / two, dividend % two);
        let half = rest.unsigned_abs() >= two.unsigned_abs().div_ceil(2);
        let away = if (one < 0) == (two < 0) { 1 } else { -1 };
        Some(Self { coefficient: if half { quotient + away } else { quotient }, scale }.reduced())
    }

    /// The remainder with the sign of the dividend, as in JavaScript.
    pub(crate) fn remainder(self, other: Self) -> Option<Self> {
        let (one, two, scale) = self.aligned(other)?;
        Some(Self { coefficient: one.checked_rem(two)?, scale }.reduced())
    }

    pub(crate) fn compare(self, other: Self) -> Option<std::cmp::Ordering> {
        let (one, two, _) = self.aligned(other)?;
        Some(one.cmp(&two))
    }

    pub(crate) fn to_i64(self) -> Option<i64> {
        if self.scale == 0 { i64::try_from(self.coefficient).ok() } else { None }
    }

    /// The digits: `-12.05`.
    pub(crate) fn text(self) -> String {
        if self.scale == 0 {
            return self.coefficient.to_string();
        }
        let sign = if self.coefficient < 0 { "-" } else { "" };
        let width = self.scale as usize + 1;
        let digits = format!("{:0>width$}", self.coefficient.unsigned_abs());
        let (whole, fraction) = digits.split_at(digits.len() - self.scale as usize);
        format!("{sign}{whole}.{fraction}")
    }

    /// As a number: exact where it is whole and fits 64 bits, else the nearest double.
    pub(crate) fn to_number(self) -> Option<Number<'static>> {
        match self.to_i64() {
            Some(integer) => Some(Number::from(integer)),
            None => self.text().parse().ok().and_then(Number::from_f64),
        }
    }
}

fn power_of_ten(exponent: u32) -> Option<i128> {
    10i128.checked_pow(exponent)
}
