//! What all customers share: plans, taxes, coupons and how bills are numbered.

use super::records::{SETTINGS, put, was};
use crate::{Engine, EngineError};
use usage_api::settings::Settings;
use usage_api::stored;
use usage_domain::coupon::Coupon;
use usage_domain::meter::MeterDraft;
use usage_domain::plan::{Disagreement, InvalidPlan, Plan};
use usage_domain::tax::Tax;
use usage_store::{DocumentWrite, Kind, StoreError};

/// The most plans that are named where a meter cannot go.
const SHOWN: usize = 10;

impl Engine {
    /// How bills are made out.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn settings(&self) -> Result<Settings, EngineError> {
        let kept = self.record(Kind::Setting, SETTINGS, |text| serde_json::from_str(text)).await?;
        Ok(kept.map(|kept| kept.value).unwrap_or_default())
    }

    /// Changes how bills are made out from now on.
    ///
    /// # Errors
    /// Settings out of their limits.
    pub async fn set_settings(&self, settings: &Settings) -> Result<(), EngineError> {
        check_settings(settings)?;
        let now = self.store.document(Kind::Setting, SETTINGS).await?;
        let expect = now.map_or(usage_store::Expect::Absent, |d| usage_store::Expect::Revision(d.revision));
        let body = serde_json::to_string(settings).unwrap_or_default();
        self.write(vec![put(Kind::Setting, SETTINGS, None, body, expect)]).await
    }

    /// The plan of this key.
    ///
    /// # Errors
    /// No such plan.
    pub async fn plan(&self, key: &str) -> Result<Plan, EngineError> {
        let kept = self.record(Kind::Plan, key, stored::plan).await?;
        kept.map(|kept| kept.value).ok_or_else(|| EngineError::missing("plan", key))
    }

    /// All plans, by key.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn plans(&self) -> Result<Vec<Plan>, EngineError> {
        Ok(self.all_records(Kind::Plan, stored::plan).await?.into_iter().map(|kept| kept.value).collect())
    }

    /// Makes a plan, or changes it to this. Finalized bills stay as they are; open ones change at once.
    ///
    /// # Errors
    /// A plan that makes no sense, or names a meter or a dimension that is not there.
    pub async fn put_plan(&self, mut plan: Plan) -> Result<Plan, EngineError> {
        plan.check()?;
        self.check_meters(&plan).await?;
        let kept = self.record(Kind::Plan, &plan.key, stored::plan).await?;
        let body = stored::plan_text(&plan);
        self.write(vec![put(Kind::Plan, &plan.key, None, body, was(kept.as_ref()))]).await?;
        Ok(plan)
    }

    /// That the meters and dimensions that a plan names are there.
    pub(crate) async fn check_meters(&self, plan: &Plan) -> Result<(), EngineError> {
        let meters = self.store.meters().await?;
        let meters: Vec<&MeterDraft> = meters.iter().map(|meter| &meter.draft).collect();
        match plan.disagreements(&meters).into_iter().next() {
            None => Ok(()),
            Some(Disagreement { version, item, field, reason }) => {
                Err(InvalidPlan::new(format!("versions[{version}].items[{item}].{field}"), reason).into())
            }
        }
    }

    /// That no plan is of a meter that is to go.
    pub(crate) async fn check_in_no_plan(&self, meter: &str) -> Result<(), EngineError> {
        let mut plans = self.plans().await?;
        plans.retain(|plan| plan.uses(meter));
        if plans.is_empty() {
            return Ok(());
        }
        let keys: Vec<String> = plans.iter().take(SHOWN).map(|plan| format!("{:?}", plan.key)).collect();
        let more = plans.len().saturating_sub(SHOWN);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let what = format!("what the meter {meter:?} measures is billed by {}{more}", keys.join(", "));
        Err(StoreError::Conflict(format!("{what}; take its items out of these plans first")).into())
    }

    /// That every plan that is of a meter still agrees with it, as it is to be.
    pub(crate) async fn check_plans(&self, meter: &MeterDraft) -> Result<(), EngineError> {
        for plan in self.plans().await?.into_iter().filter(|plan| plan.uses(&meter.key)) {
            let mut wrong = plan.disagreements(&[meter]);
            wrong.retain(|wrong| wrong.field != "meter");
            if let Some(wrong) = wrong.first() {
                let (version, item) = (&plan.versions[wrong.version], wrong.item);
                let item = &version.items[item].key;
                let what = format!("item {item:?} of version {} of the plan {:?}", version.number, plan.key);
                let what = format!("{what} needs it for its {}: {}", wrong.field, wrong.reason);
                return Err(StoreError::Conflict(format!("{what}; change the plan first")).into());
            }
        }
        Ok(())
    }

    /// All taxes, by key.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn taxes(&self) -> Result<Vec<Tax>, EngineError> {
        Ok(self.all_records(Kind::Tax, stored::tax).await?.into_iter().map(|kept| kept.value).collect())
    }

    /// Makes a tax, or changes it to this.
    ///
    /// # Errors
    /// A tax that makes no sense.
    pub async fn put_tax(&self, tax: &Tax) -> Result<(), EngineError> {
        tax.check()?;
        let kept = self.record(Kind::Tax, &tax.key, stored::tax).await?;
        self.write(vec![put(Kind::Tax, &tax.key, None, stored::tax_text(tax), was(kept.as_ref()))]).await
    }

    /// Ends a tax: open bills have it no more. A customer that has it of its own must lose it first.
    ///
    /// # Errors
    /// No such tax, or one that a customer has of its own.
    pub async fn delete_tax(&self, key: &str) -> Result<(), EngineError> {
        let accounts = self.all_records(Kind::Account, stored::account).await?;
        let has = |taxes: &[String]| taxes.iter().any(|tax| tax == key);
        if let Some(kept) = accounts.iter().find(|kept| kept.value.taxes.as_deref().is_some_and(has)) {
            let what = format!("customer {} has the tax {key:?} of its own", kept.value.customer);
            return Err(StoreError::Conflict(format!("{what}; give it other taxes first")).into());
        }
        self.delete_record(Kind::Tax, "tax", key).await
    }

    /// All coupons, by key.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn coupons(&self) -> Result<Vec<Coupon>, EngineError> {
        Ok(self.all_records(Kind::Coupon, stored::coupon).await?.into_iter().map(|kept| kept.value).collect())
    }

    /// Makes a coupon, or changes it to this. Customers keep what they were given as it was.
    ///
    /// # Errors
    /// A coupon that makes no sense.
    pub async fn put_coupon(&self, coupon: &Coupon) -> Result<(), EngineError> {
        coupon.check()?;
        let kept = self.record(Kind::Coupon, &coupon.key, stored::coupon).await?;
        let body = stored::coupon_text(coupon);
        self.write(vec![put(Kind::Coupon, &coupon.key, None, body, was(kept.as_ref()))]).await
    }

    /// Ends a coupon: nobody is given it any more.
    ///
    /// # Errors
    /// No such coupon.
    pub async fn delete_coupon(&self, key: &str) -> Result<(), EngineError> {
        self.delete_record(Kind::Coupon, "coupon", key).await
    }

    async fn delete_record(&self, kind: Kind, what: &str, key: &str) -> Result<(), EngineError> {
        let found = self.store.document(kind, key).await?;
        let found = found.ok_or_else(|| EngineError::missing(what, key))?;
        let expect = usage_store::Expect::Revision(found.revision);
        self.write(vec![DocumentWrite { kind, id: key.to_string(), owner: None, body: None, expect }]).await
    }
}

/// That settings are within their limits.
pub(crate) fn check_settings(settings: &Settings) -> Result<(), InvalidPlan> {
    if settings.number_prefix.len() > 32 {
        return Err(InvalidPlan::new("number_prefix", "must have at most 32 bytes"));
    }
    if settings.grace_days > 366 {
        let reason = format!("must be 0 to 366, not {}", settings.grace_days);
        return Err(InvalidPlan::new("grace_days", reason));
    }
    let seller = &settings.seller;
    if seller.name.len() > 256 {
        return Err(InvalidPlan::new("seller.name", "must have at most 256 bytes"));
    }
    if seller.address.len() > 20 || seller.address.iter().any(|line| line.len() > 256) {
        let reason = "must have at most 20 lines of at most 256 bytes each";
        return Err(InvalidPlan::new("seller.address", reason));
    }
    Ok(())
}
