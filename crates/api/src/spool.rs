//! Uploads wait on disk while they are read twice: nothing of a file is held
//! in memory, and the file goes when the request is answered.

use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Body;
use axum::http::StatusCode;
use domain::authority::Grant;
use http_body_util::BodyExt as _;
use pipeline::clock::new_id;
use pipeline::intake::{IntakeError, Taken, UploadHeader, intake};
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

use crate::app::App;
use crate::problem::{Answered, Problem};

/// An upload on disk, removed when dropped.
pub(crate) struct Spooled {
    path: Arc<PathBuf>,
    size: u64,
}

/// A spooled file that is still being written.
pub(crate) struct Spooling {
    file: File,
    spooled: Spooled,
    max: u64,
}

fn failed(error: std::io::Error) -> Problem {
    Problem::from(IntakeError::Spool(error))
}

/// The sender went away.
pub(crate) fn cut() -> Problem {
    Problem::bad("upload.cut", "上传中断", "the upload was cut")
}

impl Spooling {
    /// An empty file in the spool.
    pub(crate) async fn begin(app: &App) -> Answered<Spooling> {
        let path = app
            .spool
            .join(format!("upload-{}", new_id(app.deps.clock.now())));
        let file = File::create(&path).await.map_err(failed)?;
        let path = Arc::new(path);
        Ok(Spooling {
            file,
            spooled: Spooled { path, size: 0 },
            max: app.limits.upload_bytes_max,
        })
    }

    /// Takes some bytes, up to the largest upload.
    pub(crate) async fn put(&mut self, data: &[u8]) -> Answered<()> {
        self.spooled.size += data.len() as u64;
        if self.spooled.size > self.max {
            return Err(Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "upload.size",
                "文件过大",
                "the file is too large",
            ));
        }
        self.file.write_all(data).await.map_err(failed)
    }

    /// The file as it is now.
    pub(crate) async fn end(mut self) -> Answered<Spooled> {
        self.file.flush().await.map_err(failed)?;
        if self.spooled.size == 0 {
            return Err(Problem::bad("batch.empty", "文件为空", "the file is empty"));
        }
        Ok(self.spooled)
    }
}

impl Spooled {
    /// A whole body.
    pub(crate) async fn receive(app: &App, mut body: Body) -> Answered<Spooled> {
        let mut spooling = Spooling::begin(app).await?;
        while let Some(frame) = body.frame().await {
            if let Ok(data) = frame.map_err(|_| cut())?.into_data() {
                spooling.put(&data).await?;
            }
        }
        spooling.end().await
    }

    /// Takes its rows. A client that goes away does not cancel a commit
    /// half-way through.
    pub(crate) async fn take(
        &self,
        app: &App,
        grant: &Grant,
        header: &UploadHeader,
    ) -> Result<Taken, IntakeError> {
        let (deps, path) = (app.deps.clone(), self.path.clone());
        let (grant, header) = (grant.clone(), header.clone());
        let taken = tokio::spawn(async move { intake(&deps, &grant, &header, &path).await });
        taken
            .await
            .map_err(|_| IntakeError::from(pipeline::StepError::Computation))?
    }
}

impl Drop for Spooled {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(self.path.as_path()) {
            tracing::warn!(%error, "a spooled upload could not be removed");
        }
    }
}
