//! A hundred thousand calls of anybody for anything, in any order and beside
//! each other: nobody is shown another township.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::http::Method;
use testkit::app::{HUTANG, NIUTANG, TestApp};
use testkit::call::Answer;

use super::{Dice, OFFICERS, Place, Route, UNCONDITIONAL, ask, fill, place, routes};

/// Callers at once: a disclosing answer waits for its sync, which all share.
const CALLERS: u64 = 16;
/// Calls of all of them together.
const CALLS: usize = 100_000;

/// Pages that open the register of a township; asked for less often.
const HEAVY: [&str; 12] = [
    "/families",
    "/families/export",
    "/families/search",
    "/publications",
    "/county",
    "/",
    "/api/v1/searches",
    "/api/v1/publications",
    "/api/v1/exports",
    "/api/v1/alerts",
    "/api/v1/simulations",
    "/simulations",
];

/// Bytes that say whether a canary may begin here; none is shorter.
const HEAD: usize = 6;

/// All canaries, found in one reading of an answer.
struct Canaries {
    /// By the first two bytes: most places of a text begin none.
    begin: Vec<bool>,
    /// Town and canary by their first bytes.
    known: HashMap<[u8; HEAD], Vec<(&'static str, Vec<u8>)>>,
}

impl Canaries {
    fn of(places: &BTreeMap<&'static str, Place>) -> Canaries {
        let mut canaries = Canaries {
            begin: vec![false; 1 << 16],
            known: HashMap::new(),
        };
        for (town, place) in places {
            for canary in &place.canaries {
                let bytes = canary.as_bytes().to_vec();
                canaries.begin[usize::from(u16::from_be_bytes([bytes[0], bytes[1]]))] = true;
                let head = *bytes.first_chunk().expect("a long canary");
                canaries.known.entry(head).or_default().push((*town, bytes));
            }
        }
        canaries
    }

    /// What an answer shows of a town its reader does not answer for.
    fn told(&self, answer: &Answer, towns: &[&str]) -> Option<String> {
        let text = answer.bytes.as_slice();
        let mut before = 0;
        for (end, byte) in text.iter().enumerate() {
            let pair = before << 8 | usize::from(*byte);
            before = usize::from(*byte);
            if end == 0 || !self.begin[pair] {
                continue;
            }
            let rest = &text[end - 1..];
            let known = rest.first_chunk().and_then(|head| self.known.get(head));
            let here = known
                .into_iter()
                .flatten()
                .find(|(town, canary)| !towns.contains(town) && rest.starts_with(canary));
            if let Some((_, canary)) = here {
                return Some(String::from_utf8_lossy(canary).into_owned());
            }
        }
        None
    }
}

/// What all callers share.
struct World {
    app: TestApp,
    places: BTreeMap<&'static str, Place>,
    canaries: Canaries,
    import: String,
    heavy: Vec<Route>,
    light: Vec<Route>,
}

async fn world() -> World {
    let mut app = TestApp::sqlite().await;
    // What stops a curious officer after sixty would hide what the rest are shown.
    app.limit(|limits| limits.identities_per_hour_max = u32::MAX);
    // Nor is anybody to wait for the simulations of others.
    app.limit(|limits| limits.simulations_max = usize::MAX);
    fill(&app, 11, 160).await;
    let places = BTreeMap::from([
        (HUTANG, place(&app, "hutang", "niutang").await),
        (NIUTANG, place(&app, "niutang", "hutang").await),
    ]);
    let imports = app.get("county", "/api/v1/imports").await.json();
    let import = imports["imports"][0]["id"].as_str().unwrap().to_owned();
    // Streams wait; the login slows whoever tries.
    let open = |route: &Route| {
        UNCONDITIONAL
            .iter()
            .any(|path| route.path.starts_with(path))
    };
    let asked = routes().into_iter().filter(|route| !open(route));
    let (heavy, light) = asked.partition(|route| HEAVY.contains(&route.path.as_str()));
    World {
        canaries: Canaries::of(&places),
        app,
        places,
        import,
        heavy,
        light,
    }
}

/// Somebody else's id, or none, in the address.
fn elsewhere<'a>(dice: &mut Dice, place: &'a Place) -> &'a str {
    const ODD: [&str; 6] = [
        "",
        "1",
        "../1",
        "%00",
        "h:1",
        "00000000-0000-4000-8000-000000000000",
    ];
    let known: [&str; 4] = [
        &place.household,
        &place.person,
        &place.alert,
        &place.decision,
    ];
    if dice.roll(2) == 0 {
        dice.pick::<&str>(&ODD)
    } else {
        dice.pick::<&str>(&known)
    }
}

/// A question behind an address; mostly none.
fn question(dice: &mut Dice, place: &Place) -> String {
    match dice.roll(22) {
        0 => "limit=500".to_owned(),
        1 => "after=e1.0".to_owned(),
        2 => format!("after={}", place.alert),
        3 => format!("township={HUTANG}"),
        4 => format!("township={NIUTANG}"),
        5 => "work=held,raised,closed".to_owned(),
        6 => "unplaced=true".to_owned(),
        7 => "from=h:1".to_owned(),
        8 => "limit=0".to_owned(),
        9 | 10 => format!("person={}", place.person),
        11 | 12 => format!("household={}", place.household),
        13 => format!("unit=h:{}", place.household),
        _ => String::new(),
    }
}

/// One call; its status, or what it showed that it must not.
async fn call(world: &World, dice: &mut Dice) -> Result<u16, String> {
    let rare = dice.roll(100) == 0;
    let route = dice.pick(if rare { &world.heavy } else { &world.light });
    let (officer, towns) = *dice.pick(&OFFICERS);
    let town = *dice.pick(&[HUTANG, NIUTANG]);
    let place = &world.places[town];
    let mut path = route.of(place, &world.import);
    if dice.roll(10) == 0 {
        let id = elsewhere(dice, place);
        path = route.path.replace("{id}", id).replace("{noun}", "closure");
    }
    let question = question(dice, place);
    if !question.is_empty() && route.asks && route.method == Method::GET {
        path = format!("{path}?{question}");
    }
    if path.parse::<axum::http::Uri>().is_err() {
        return Ok(0);
    }
    let answer = ask(&world.app, officer, route, place, &path).await;
    if answer.status.is_server_error() {
        return Err(format!(
            "{} {path} as {officer}: {}",
            route.method,
            answer.text()
        ));
    }
    // A sender gets back the rows it sent.
    if officer == "importer" && path.contains("/returned") {
        return Ok(answer.status.as_u16());
    }
    match world.canaries.told(&answer, towns) {
        None => Ok(answer.status.as_u16()),
        Some(canary) => Err(format!(
            "{} {path} as {officer} shows {canary}",
            route.method
        )),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_random_call_shows_another_township() {
    let world = Arc::new(world().await);
    let began = std::time::Instant::now();
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        let world = world.clone();
        callers.spawn(async move {
            let mut dice = Dice::new(20_261_120 + caller);
            let mut counted: BTreeMap<u16, usize> = BTreeMap::new();
            let mut told = Vec::new();
            for _ in 0..CALLS / usize::try_from(CALLERS).unwrap() {
                match call(&world, &mut dice).await {
                    Ok(status) => *counted.entry(status).or_default() += 1,
                    Err(what) => told.push(what),
                }
            }
            (counted, told)
        });
    }
    let mut counted: BTreeMap<u16, usize> = BTreeMap::new();
    let mut told = Vec::new();
    while let Some(done) = callers.join_next().await {
        let (statuses, leaks) = done.unwrap();
        told.extend(leaks);
        for (status, count) in statuses {
            *counted.entry(status).or_default() += count;
        }
    }
    println!("{CALLS} random calls in {:?}: {counted:?}", began.elapsed());
    assert!(
        told.is_empty(),
        "{} of {CALLS}: {:#?}",
        told.len(),
        &told[..told.len().min(9)]
    );
    for (status, least) in [(200, CALLS / 10), (404, CALLS / 20), (403, CALLS / 20)] {
        let found = counted.get(&status).copied().unwrap_or(0);
        assert!(found > least, "only {found} answers {status}: {counted:?}");
    }
}
