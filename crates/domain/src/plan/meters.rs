//! That a plan and the meters agree: what a plan names of a meter is there.

use super::{ItemKind, Plan};
use crate::meter::MeterDraft;
use crate::pricing::Model;

/// Something that an item names and no meter has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disagreement {
    /// The place of the version in the plan.
    pub version: usize,
    /// The place of the item in the version.
    pub item: usize,
    /// The field of the item.
    pub field: &'static str,
    /// What is wrong.
    pub reason: String,
}

impl Plan {
    /// Whether an item of any version is of the meter of this key.
    #[must_use]
    pub fn uses(&self, meter: &str) -> bool {
        let mut items = self.versions.iter().flat_map(|version| &version.items);
        items.any(|item| matches!(&item.kind, ItemKind::Usage(usage) if usage.meter == meter))
    }

    /// What the items name that none of these meters has.
    #[must_use]
    pub fn disagreements(&self, meters: &[&MeterDraft]) -> Vec<Disagreement> {
        let mut wrong = Vec::new();
        for (version, items) in self.versions.iter().map(|version| &version.items).enumerate() {
            for (item, kind) in items.iter().map(|item| &item.kind).enumerate() {
                let ItemKind::Usage(usage) = kind else { continue };
                let mut disagree = |field, reason| wrong.push(Disagreement { version, item, field, reason });
                let Some(meter) = meters.iter().find(|meter| meter.key == usage.meter) else {
                    disagree("meter", no_meter(&usage.meter, meters));
                    continue;
                };
                let of_matrix = match usage.price.model() {
                    Model::Matrix(matrix) => matrix.dimensions(),
                    _ => &[],
                };
                let named = usage.filters.keys().map(|name| ("filters", name));
                let named = named.chain(usage.details.iter().map(|name| ("details", name)));
                let named = named.chain(of_matrix.iter().map(|name| ("price.dimensions", name)));
                for (field, name) in named.filter(|(_, name)| meter.dimension(name).is_none()) {
                    disagree(field, no_dimension(meter, name));
                }
            }
        }
        wrong
    }
}

fn no_meter(key: &str, meters: &[&MeterDraft]) -> String {
    let known: Vec<&str> = meters.iter().map(|meter| meter.key.as_str()).collect();
    match known.is_empty() {
        true => format!("there is no meter {key:?}; make it first"),
        false => format!("there is no meter {key:?}; there are {}", known.join(", ")),
    }
}

fn no_dimension(meter: &MeterDraft, name: &str) -> String {
    let known: Vec<&str> = meter.dimensions.iter().map(|dimension| dimension.name.as_str()).collect();
    let known = if known.is_empty() { "none".to_string() } else { known.join(", ") };
    format!("the meter {:?} has no dimension {name:?}; it has {known}", meter.key)
}
