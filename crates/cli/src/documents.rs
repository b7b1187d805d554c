//! Policies, parameters and tables: those built in, or those of a folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use domain::calendar::WorkingDays;
use domain::publicity::Publicity;
use domain::region::Divisions;
use pipeline::policies;
use rules::{Document, PolicySet, Problem};

use crate::embedded::{self, CASES, PARAMETERS, POLICIES, SAMPLE_PARAMETERS, SAMPLES, TABLES};
use crate::exit;
use crate::settings::Settings;

/// The documents a policy set is made of.
pub(crate) struct Documents {
    pub(crate) policies: Vec<Document>,
    pub(crate) parameters: Vec<Document>,
    pub(crate) cases: Vec<Document>,
    /// Those of the policies' own folder: cases bring their own samples.
    pub(crate) case_parameters: Vec<Document>,
}

impl Documents {
    /// As configured.
    pub(crate) fn configured(settings: &Settings) -> anyhow::Result<Documents> {
        let mut documents = match &settings.policies.dir {
            Some(folder) => Documents::of(folder)?,
            None => Documents::built_in()?,
        };
        documents.add_parameters(&settings.parameters.files)?;
        Ok(documents)
    }

    /// Those built in with labelled sample parameters.
    pub(crate) fn demonstrated(sample: Document) -> anyhow::Result<Documents> {
        let mut documents = Documents::built_in()?;
        documents.parameters.push(sample);
        Ok(documents)
    }

    fn built_in() -> anyhow::Result<Documents> {
        let parameters = embedded::documents(&PARAMETERS)?;
        Ok(Documents {
            policies: embedded::documents(&POLICIES)?,
            parameters: parameters.clone(),
            cases: embedded::documents(&CASES)?,
            case_parameters: parameters,
        })
    }

    /// `*.yaml` of a folder, and `parameters/*.yaml` and `cases/*.yaml` below;
    /// the parameters built in when there is no such folder.
    pub(crate) fn of(folder: &Path) -> anyhow::Result<Documents> {
        let policies = read_folder(folder)?;
        let below = folder.join("parameters");
        let parameters = if below.is_dir() {
            read_folder(&below)?
        } else {
            embedded::documents(&PARAMETERS)?
        };
        let below = folder.join("cases");
        let cases = if below.is_dir() {
            read_folder(&below)?
        } else {
            Vec::new()
        };
        Ok(Documents {
            policies,
            parameters: parameters.clone(),
            cases,
            case_parameters: parameters,
        })
    }

    /// Adds parameter files.
    pub(crate) fn add_parameters(&mut self, files: &[PathBuf]) -> anyhow::Result<()> {
        for file in files {
            self.parameters.push(read(file)?);
        }
        Ok(())
    }

    /// Checks them.
    pub(crate) fn load(&self) -> Result<PolicySet, Vec<Problem>> {
        PolicySet::load(&self.policies, &self.parameters)
    }

    /// All that a running service needs of them.
    pub(crate) fn whole(&self) -> anyhow::Result<policies::Documents> {
        Ok(policies::Documents {
            policies: self.policies.clone(),
            parameters: self.parameters.clone(),
            cases: self.cases.clone(),
            case_parameters: self.case_parameters.clone(),
            case_samples: vec![Documents::samples()?],
        })
    }

    /// The labelled sample parameters.
    pub(crate) fn samples() -> anyhow::Result<Document> {
        let sample = embedded::find(&SAMPLES, SAMPLE_PARAMETERS)?;
        Ok(Document {
            name: SAMPLE_PARAMETERS.to_owned(),
            text: embedded::text(sample)?.to_owned(),
        })
    }
}

fn read_folder(folder: &Path) -> anyhow::Result<Vec<Document>> {
    let refuse = |error: std::io::Error| {
        exit::configuration(format!(
            "cannot read the folder {}: {error}",
            folder.display()
        ))
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(refuse)? {
        let path = entry.map_err(refuse)?.path();
        if path.is_file()
            && path
                .extension()
                .is_some_and(|extension| extension == "yaml")
        {
            files.push(path);
        }
    }
    files.sort();
    files.iter().map(|file| read(file)).collect()
}

/// Documents are known by their file names, so that a set has the same hash
/// wherever its folder lies.
fn read(file: &Path) -> anyhow::Result<Document> {
    let text = fs::read_to_string(file)
        .map_err(|error| exit::configuration(format!("cannot read {}: {error}", file.display())))?;
    let name = file.file_name().map_or_else(
        || file.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    );
    Ok(Document { name, text })
}

/// Divisions, working days, what may be published.
pub(crate) struct Tables {
    pub(crate) divisions: Divisions,
    pub(crate) calendar: WorkingDays,
    pub(crate) publicity: Publicity,
}

impl Tables {
    /// As configured.
    pub(crate) fn configured(settings: &Settings) -> anyhow::Result<Tables> {
        let read = |name: &str| -> anyhow::Result<String> {
            match &settings.tables.dir {
                None => Ok(embedded::text(embedded::find(&TABLES, name)?)?.to_owned()),
                Some(folder) => {
                    let path = folder.join(name);
                    fs::read_to_string(&path).map_err(|error| {
                        exit::configuration(format!("cannot read {}: {error}", path.display()))
                    })
                }
            }
        };
        let refuse = |error: &dyn std::fmt::Display| {
            exit::configuration(format!("cannot read the tables: {error}"))
        };
        Ok(Tables {
            divisions: Divisions::parse(&read("divisions.csv")?).map_err(|error| refuse(&error))?,
            calendar: WorkingDays::parse(&read("working-days.csv")?)
                .map_err(|error| refuse(&error))?,
            publicity: Publicity::parse(&read("publicity.csv")?).map_err(|error| refuse(&error))?,
        })
    }

    /// Those built in.
    pub(crate) fn built_in() -> anyhow::Result<Tables> {
        Tables::configured(&Settings::default()).context("cannot read what was built in")
    }
}
