//! The one place where errors become status codes: RFC 9457 problem details
//! with a stable `code`, a Chinese title and an English detail.
//!
//! Causes are logged once here and never sent. No problem repeats an identity.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ingest::FileError;
use pipeline::StepError;
use pipeline::account::AccountError;
use pipeline::act::ActError;
use pipeline::error::causes;
use pipeline::export::ExportError;
use pipeline::intake::IntakeError;
use pipeline::leads::ReportError;
use pipeline::parameters::ParameterError;
use pipeline::visits::VisitError;
use serde::Serialize;
use store::StoreError;
use utoipa::ToSchema;

/// A refusal as the caller sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemBody {
    /// `urn:problem:<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Chinese sentence for people.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// English sentence.
    pub detail: String,
    /// Stable code.
    pub code: String,
}

/// A refusal with its status.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    code: String,
    zh: String,
    en: String,
    retry_after_seconds: Option<u32>,
}

impl Problem {
    /// A refusal.
    pub fn new(status: StatusCode, code: &str, zh: &str, en: &str) -> Problem {
        Problem {
            status,
            code: code.to_owned(),
            zh: zh.to_owned(),
            en: en.to_owned(),
            retry_after_seconds: None,
        }
    }

    /// 400 with a code of the parameters.
    pub fn bad(code: &str, zh: &str, en: &str) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, code, zh, en)
    }

    /// 404; the same for unknown and for foreign.
    pub fn not_found() -> Problem {
        Problem::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "没有这一项，或不在您的范围内",
            "there is no such thing in your scope",
        )
    }

    /// 409: another request under the same key was quicker.
    fn answered() -> Problem {
        Problem::new(
            StatusCode::CONFLICT,
            "conflict",
            "请求已处理",
            "the request was answered before",
        )
    }

    /// 429 with the time to wait.
    pub fn too_many(code: &str, zh: &str, en: &str, seconds: u32) -> Problem {
        Problem {
            retry_after_seconds: Some(seconds),
            ..Problem::new(StatusCode::TOO_MANY_REQUESTS, code, zh, en)
        }
    }

    /// 422: what is wrong with a policy, a parameter or its value.
    pub(crate) fn of_rules(problem: &rules::Problem) -> Problem {
        let nearest = problem.nearest.as_deref();
        let zh = nearest.map(|name| format!("{}（是不是 {name}？）", problem.zh));
        let zh = zh.as_deref().unwrap_or(&problem.zh);
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Problem::new(status, problem.code, zh, &problem.en)
    }

    /// Its HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Its stable code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Seconds to wait, if it says so.
    pub fn retry_after_seconds(&self) -> Option<u32> {
        self.retry_after_seconds
    }

    /// The Chinese sentence for people.
    pub fn zh(&self) -> &str {
        &self.zh
    }

    /// 503 with a hint when to try again.
    pub fn unavailable(code: &str, zh: &str, en: &str) -> Problem {
        Problem {
            retry_after_seconds: Some(5),
            ..Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, zh, en)
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = ProblemBody {
            kind: format!("urn:problem:{}", self.code),
            title: self.zh,
            status: self.status.as_u16(),
            detail: self.en,
            code: self.code,
        };
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// The result of a handler.
pub type Answered<T> = Result<T, Problem>;

fn internal(error: &dyn std::error::Error) -> Problem {
    tracing::error!(%error, cause = causes(error), "a request failed");
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        "系统内部错误，已记录",
        "an internal error; it has been logged",
    )
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        match error {
            StoreError::Conflict => Problem::new(
                StatusCode::CONFLICT,
                "conflict",
                "数据刚被他人修改，请重新读取",
                "what was read has changed since",
            ),
            StoreError::KeyReused => Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency.reused",
                "该幂等键已用于另一请求",
                "the idempotency key was used for another request",
            ),
            StoreError::Corrupt { .. } => {
                tracing::error!(%error, "damaged data");
                Problem::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "data.corrupt",
                    "数据损坏，已停止返回",
                    "stored data is damaged; nothing was returned",
                )
            }
            StoreError::Full(_) => Problem::unavailable(
                "storage.full",
                "存储已满，请稍后再试",
                "the storage is full",
            ),
            StoreError::Database(_) | StoreError::Held => {
                tracing::error!(%error, cause = causes(&error), "the database failed");
                Problem::unavailable(
                    "database.unavailable",
                    "数据库暂不可用，请稍后用同一幂等键重试",
                    "the database is unavailable; repeat with the same key",
                )
            }
            other => internal(&other),
        }
    }
}

impl From<StepError> for Problem {
    fn from(error: StepError) -> Problem {
        match error {
            StepError::Store(error) => error.into(),
            StepError::Erased => Problem::new(
                StatusCode::GONE,
                "erased",
                "该人员数据已按规定销毁",
                "the person's data was erased",
            ),
            StepError::Sealed { .. } | StepError::Damaged(_) | StepError::Fold(_) => {
                tracing::error!(%error, "damaged data");
                Problem::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "data.corrupt",
                    "数据损坏，已停止返回",
                    "stored data is damaged; nothing was returned",
                )
            }
            other => internal(&other),
        }
    }
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Problem {
        let en = error.to_string();
        let refused = |status, code, zh: &str| Problem::new(status, code, zh, &en);
        match error {
            AccountError::Step(error) => error.into(),
            AccountError::Slowed { seconds } => Problem {
                retry_after_seconds: Some(seconds),
                ..refused(
                    StatusCode::TOO_MANY_REQUESTS,
                    "login.slowed",
                    "该地址错误次数过多，请稍后再试",
                )
            },
            AccountError::Busy => {
                Problem::unavailable("login.busy", "登录人数过多，请稍后再试", &en)
            }
            AccountError::Wrong => refused(
                StatusCode::UNAUTHORIZED,
                "login.wrong",
                "用户名、口令或动态口令不正确，或账号已锁定",
            ),
            AccountError::Weak(_) => refused(
                StatusCode::UNPROCESSABLE_ENTITY,
                "password.weak",
                "新口令不符合要求",
            ),
            AccountError::Code => refused(
                StatusCode::UNPROCESSABLE_ENTITY,
                "login.code",
                "动态口令与密钥不符",
            ),
            AccountError::LoginName => refused(
                StatusCode::UNPROCESSABLE_ENTITY,
                "account.login_name",
                "登录名为 2 至 64 个字母、数字、.、_、- 或汉字",
            ),
            AccountError::Taken => refused(StatusCode::CONFLICT, "account.taken", "登录名已被使用"),
            AccountError::Unknown => Problem::not_found(),
            AccountError::MutuallyExclusive => refused(
                StatusCode::CONFLICT,
                "role.mutually_exclusive",
                "系统管理员、安全管理员、审计员三者不得由同一人兼任",
            ),
            AccountError::SecondPerson => refused(
                StatusCode::CONFLICT,
                "account.second_person",
                "重置审计员账号须由第二人复核",
            ),
        }
    }
}

impl From<ExportError> for Problem {
    fn from(error: ExportError) -> Problem {
        let en = error.to_string();
        let refused = |status, code, zh: &str| Problem::new(status, code, zh, &en);
        match error {
            ExportError::NotFound => Problem::not_found(),
            ExportError::SecondPerson => refused(
                StatusCode::CONFLICT,
                "export.second_person",
                "须由另一位县级人员审批，不能审批自己的申请",
            ),
            ExportError::Decided => {
                refused(StatusCode::CONFLICT, "export.decided", "该导出申请已审批过")
            }
            ExportError::Waiting => refused(
                StatusCode::FORBIDDEN,
                "export.approval",
                "该导出须由另一位县级人员审批后才能下载",
            ),
            ExportError::Refused => refused(
                StatusCode::FORBIDDEN,
                "export.refused",
                "该导出申请未获批准",
            ),
            ExportError::Expired => refused(
                StatusCode::GONE,
                "export.expired",
                "批准后7天内未下载，已失效，请重新申请",
            ),
            ExportError::Step(error) => error.into(),
        }
    }
}

impl From<IntakeError> for Problem {
    fn from(error: IntakeError) -> Problem {
        match error {
            IntakeError::UnknownDataset { .. } => Problem::bad(
                "import.dataset",
                "没有这个来源和数据集的版式",
                "no layout reads this source and dataset",
            ),
            IntakeError::NotAllowed => Problem::new(
                StatusCode::FORBIDDEN,
                "import.not_allowed",
                "无权以该来源或为该地区报送",
                "the sender may not send as this source or for this place",
            ),
            IntakeError::OtherContent(_) => Problem::new(
                StatusCode::CONFLICT,
                "batch.duplicate",
                "同一来源、数据集、业务日期和批次号已收过内容不同的文件",
                "a batch with this source, dataset, date and sequence was taken with other content",
            ),
            IntakeError::File(error) => file_problem(&error),
            IntakeError::Spool(error) => internal(&error),
            IntakeError::Step(error) => error.into(),
        }
    }
}

/// Whole-file refusals: wrong kind of file 415, empty 400, otherwise 422.
fn file_problem(error: &FileError) -> Problem {
    let status = match error.code() {
        "upload.charset"
        | "upload.format"
        | "upload.charset_mismatch"
        | "upload.encrypted"
        | "upload.macro" => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "upload.size" => StatusCode::PAYLOAD_TOO_LARGE,
        "batch.empty" => StatusCode::BAD_REQUEST,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    match error {
        FileError::Io(_) => internal(error),
        FileError::Refused(refusal) => {
            let zh = match refusal.line {
                Some(line) if !refusal.zh.contains('第') => {
                    format!("{}（第 {line} 行）", refusal.zh)
                }
                _ => refusal.zh.clone(),
            };
            Problem::new(status, refusal.code, &zh, &refusal.en)
        }
    }
}

impl From<ActError> for Problem {
    fn from(error: ActError) -> Problem {
        match error {
            ActError::NotFound => Problem::not_found(),
            ActError::Version { current } => Problem::new(
                StatusCode::PRECONDITION_FAILED,
                "alert.version",
                &format!("该预警已被修改，当前版本为 {current}，请重新打开"),
                &format!("the alert has moved on to version {current}"),
            ),
            ActError::Refused(refused) => Problem::new(
                StatusCode::CONFLICT,
                "alert.action",
                &refused.zh(),
                &refused.to_string(),
            ),
            ActError::NotThisRecord => Problem::bad(
                "dispute.record",
                "被异议的记录不属于该预警",
                "the disputed record is not one this alert rests on",
            ),
            ActError::NotAColleague => Problem::bad(
                "assign.not_colleague",
                "只能转给同一镇（街道）或同一县级科室的在岗经办人",
                "only an officer of the same desk can be handed an alert",
            ),
            ActError::KeyReused => StoreError::KeyReused.into(),
            ActError::Answered(_) => Problem::answered(),
            ActError::Step(error) => error.into(),
        }
    }
}

impl From<ReportError> for Problem {
    fn from(error: ReportError) -> Problem {
        match error {
            // The same for a place that is unknown and one that is another's.
            ReportError::Place => Problem::bad(
                "lead.place",
                "请选择您负责范围内的村（社区）或镇（街道）",
                "the place is not one in your scope",
            ),
            ReportError::NotAllowed => Problem::new(
                StatusCode::FORBIDDEN,
                "import.not_allowed",
                "无权以网格名义上报线索",
                "the sender may not report as the grid",
            ),
            ReportError::Unreadable(note) => Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                &note.code,
                &note.zh,
                &note.en,
            ),
            ReportError::Answered(_) => Problem::answered(),
            ReportError::Step(error) => error.into(),
        }
    }
}

impl From<VisitError> for Problem {
    fn from(error: VisitError) -> Problem {
        let en = error.to_string();
        match error {
            VisitError::NotFound => Problem::not_found(),
            VisitError::Ahead => Problem::bad("visit.ahead", "探访日期不能晚于今天", &en),
            VisitError::Answers => Problem::bad(
                "visit.answers",
                "平安、需要帮助、未见到人只能选一项；或填写情况有变",
                &en,
            ),
            VisitError::Answered(_) => Problem::answered(),
            VisitError::Step(error) => error.into(),
        }
    }
}

impl From<ParameterError> for Problem {
    fn from(error: ParameterError) -> Problem {
        let en = error.to_string();
        let conflict = |code, zh: &str| Problem::new(StatusCode::CONFLICT, code, zh, &en);
        match error {
            ParameterError::NotFound => Problem::not_found(),
            ParameterError::Wrong(problem) => Problem::of_rules(&problem),
            ParameterError::SamePerson => conflict(
                "proposal.same_person",
                "提出人不得复核自己提出的数值，请由另一人复核",
            ),
            ParameterError::Cases(case) => Problem::new(
                StatusCode::CONFLICT,
                "proposal.cases",
                &format!(
                    "政策 {} 的案例“{}”不通过（{}:{}），先修好政策文件再批准",
                    case.policy, case.name, case.document, case.line
                ),
                &format!(
                    "a case of `{}` fails at {}:{}",
                    case.policy, case.document, case.line
                ),
            ),
            // Where it can be answered it is answered with what was found.
            ParameterError::Guarded(_) => conflict(
                crate::proposals::REASON_NEEDED,
                "批准须写明“仍予批准的理由”",
            ),
            ParameterError::Words => Problem::bad(
                "proposal.words",
                "请写明复核意见：看了哪份文件、为什么批准或不批准",
                &en,
            ),
            ParameterError::Version { current } => Problem::new(
                StatusCode::PRECONDITION_FAILED,
                "proposal.version",
                "该提案已由他人复核，请重新打开",
                &format!("the proposal has version {current}"),
            ),
            ParameterError::KeyReused => StoreError::KeyReused.into(),
            ParameterError::Answered(_) => conflict("conflict", "请求已处理"),
            ParameterError::Step(error) => error.into(),
        }
    }
}

impl From<domain::authority::Refused> for Problem {
    fn from(refused: domain::authority::Refused) -> Problem {
        Problem::new(
            StatusCode::FORBIDDEN,
            "not_allowed",
            "您的角色无权执行此操作",
            &refused.to_string(),
        )
    }
}
