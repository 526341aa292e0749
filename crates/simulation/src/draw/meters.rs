//! Meters: of every aggregation, of types that events have, with values and dimensions that some have.

use super::times;
use crate::dice::Dice;
use usage_domain::charge::CHARGE_TYPE;
use usage_domain::event::VOID_TYPE;
use usage_domain::meter::{Aggregation, Dimension, MeterDraft, MeterId};
use usage_domain::time::Timestamp;

/// Names of meters.
const KEYS: [&str; 7] = ["calls", "size", "spend", "peak_load", "a1", "models", "used_2"];
/// Where values are, in events that are no charges.
const VALUES: [&str; 5] = ["$.value", "$.value", "$['value']", "$.usage.value", "$.model"];
/// Dimensions and where they are.
const DIMENSIONS: [(&str, &str); 5] = [
    ("model", "$.model"),
    ("region", "$.region"),
    ("inner", "$.usage.region"),
    ("nowhere", "$.nowhere"),
    ("again", "$[\"region\"]"),
];
/// The same for charges.
const CHARGE_VALUES: [&str; 4] = ["$.quantity", "$.amount", "$.amount", "$.unit_price"];
const CHARGE_DIMENSIONS: [(&str, &str); 4] =
    [("service", "$.service"), ("unit", "$.unit"), ("currency", "$.currency"), ("price", "$.unit_price")];

/// An id that nothing had: later ones are greater.
pub(crate) fn id(dice: &mut Dice, now: Timestamp) -> MeterId {
    MeterId((u128::from(now.nanos().unsigned_abs()) << 64 | u128::from(dice.next())).into())
}

/// What a meter is made from.
pub(crate) fn draft(dice: &mut Dice, now: Timestamp) -> MeterDraft {
    let event_type = match dice.below(10) {
        0..4 => "api.request",
        4..8 => "disk.size",
        _ => CHARGE_TYPE,
    };
    let (aggregation, _) = *dice.pick(&Aggregation::ALL);
    let values = if event_type == CHARGE_TYPE { &CHARGE_VALUES[..] } else { &VALUES[..] };
    let mut draft = MeterDraft {
        key: (*dice.pick(&KEYS)).to_string(),
        name: None,
        description: None,
        aggregation,
        event_type: event_type.to_string(),
        value_property: dice.pick(values).parse().ok(),
        dimensions: Vec::new(),
        event_from: None,
        metadata: None,
    };
    redraw(dice, &mut draft);
    if dice.percent(15) {
        draft.event_from = Some(times::of_event(dice, now));
    }
    if dice.percent(4) {
        spoil(dice, &mut draft);
    }
    draft
}

/// Draws what may change: texts and dimensions.
pub(crate) fn redraw(dice: &mut Dice, draft: &mut MeterDraft) {
    draft.name = dice.percent(30).then(|| "Größe".to_string());
    draft.description = dice.percent(10).then(|| "what for".to_string());
    draft.metadata = dice.percent(10).then(|| "{\"a\":[1,2]}".to_string());
    if draft.dimensions.is_empty() || dice.percent(60) {
        let from = if draft.event_type == CHARGE_TYPE { &CHARGE_DIMENSIONS[..] } else { &DIMENSIONS[..] };
        let some = from.iter().filter(|_| dice.percent(40)).filter_map(|(name, path)| {
            Some(Dimension { name: (*name).to_string(), path: path.parse().ok()? })
        });
        draft.dimensions = some.collect();
        dice.shuffle(&mut draft.dimensions);
    }
}

/// Something that no meter has.
fn spoil(dice: &mut Dice, draft: &mut MeterDraft) {
    match dice.below(5) {
        0 => draft.key = (*dice.pick(&["API", "a__b", "", "_a"])).to_string(),
        1 => draft.value_property = None,
        2 => draft.event_type = VOID_TYPE.to_string(),
        3 => {
            draft.dimensions.extend("$.a".parse().ok().map(|path| Dimension { name: "subject".into(), path }))
        }
        _ => {
            let first = draft.dimensions.first().cloned();
            draft.dimensions.extend(first);
        }
    }
}
