//! Subjects: what is known about those whose usage is metered.

use crate::{Engine, EngineError};
use usage_domain::subject::{Subject, SubjectDraft, SubjectId};
use usage_domain::time::Timestamp;
use usage_store::StoreError;

impl Engine {
    /// Makes what is said of subjects known, all of it or nothing; a subject that is not known yet gets the
    /// id beside it.
    ///
    /// # Errors
    /// A field out of its limits, or more subjects than are kept.
    pub async fn upsert_subjects(
        &self,
        subjects: Vec<(SubjectId, SubjectDraft)>,
        now: Timestamp,
    ) -> Result<Vec<Subject>, EngineError> {
        for (_, draft) in &subjects {
            draft.check()?;
        }
        Ok(self.store.upsert_subjects(subjects, now).await?)
    }

    /// All subjects that are known, by key.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn subjects(&self) -> Result<Vec<Subject>, EngineError> {
        Ok(self.store.subjects().await?)
    }

    /// What is known of the subject of this key, or else of this id.
    ///
    /// # Errors
    /// No such subject.
    pub async fn subject(&self, name: &str) -> Result<Subject, EngineError> {
        self.store.subject(name).await?.ok_or_else(|| StoreError::NoSubject.into())
    }

    /// Forgets a subject; its usage stays.
    ///
    /// # Errors
    /// No such subject.
    pub async fn delete_subject(&self, name: &str) -> Result<(), EngineError> {
        let subject = self.subject(name).await?;
        Ok(self.store.delete_subject(subject.id).await?)
    }
}
