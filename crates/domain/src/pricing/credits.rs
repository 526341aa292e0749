//! Credits: what is paid before the bill, drawn down over its lines.
//!
//! Each credit, in its order, pays the lines in theirs. A line that has nothing left to pay takes
//! nothing. What no line takes is handed back, never lost.

use super::line::Line;
use crate::decimal::DecimalError;
use crate::ratio::Ratio;

/// Draws `credits` down over `lines`, and gives what is left over.
///
/// # Errors
/// Figures that do not fit.
pub fn draw(lines: &mut [Line], credits: &[Ratio]) -> Result<Ratio, DecimalError> {
    let mut over = Ratio::ZERO;
    for credit in credits {
        let mut left = *credit;
        for line in &mut *lines {
            if !left.is_positive() {
                break;
            }
            let payable = line.total()?;
            if payable.is_positive() {
                let paid = payable.min(left)?;
                line.credits.push(paid);
                left = left.sub(paid)?;
            }
        }
        over = over.add(left)?;
    }
    Ok(over)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pricing::fixtures::d;
    use crate::pricing::line::{Category, Item, growth};

    #[test]
    fn each_credit_pays_the_lines_in_their_order() {
        for (amounts, credits, paid, over) in [
            (vec!["100", "50"], vec!["125"], vec!["100", "25"], "0"),
            (vec!["50"], vec!["20", "30"], vec!["20 30"], "0"),
            (vec!["10", "50"], vec!["15", "25"], vec!["10", "5 25"], "0"),
            (vec!["-10", "50"], vec!["60"], vec!["", "50"], "10"),
            (vec!["100", "50"], vec!["300"], vec!["100", "50"], "150"),
            (vec![], vec!["1", "2"], vec![], "3"),
        ] {
            let items = amounts.iter().enumerate();
            let items: Vec<Item> =
                items.map(|(slot, amount)| Item::once(slot, Category::Flat, d(amount).into())).collect();
            let mut lines = growth(&items, &[]).unwrap();
            let credits: Vec<Ratio> = credits.iter().map(|credit| d(credit).into()).collect();
            assert_eq!(draw(&mut lines, &credits).unwrap().to_string(), over);
            let shown = |line: &Line| line.credits.iter().map(Ratio::to_string).collect::<Vec<_>>().join(" ");
            assert_eq!(lines.iter().map(shown).collect::<Vec<_>>(), paid);
        }
    }
}
