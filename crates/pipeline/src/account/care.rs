//! What people do with their own account: another password, a second factor,
//! recovery codes. Each asks for the password again and ends every other
//! session.

use domain::time::Instant;
use store::accounts::{AccountEvent, AccountRow, KnownAccount, Signed};
use store::commit::Write;
use vault::{Aad, Entropy as _, Zeroizing};

use crate::account::door::{Door, Opened, event_of, secret_place};
use crate::account::lockout::{Judged, judge};
use crate::account::password::{Weak, weaknesses};
use crate::account::session::Stage;
use crate::account::{AccountError, hash, recovery, session, totp};
use crate::clock::OsEntropy;

/// A second factor that is offered: nothing is stored until a code proves that
/// the authenticator has it.
pub struct Offer {
    /// To type.
    pub text: Zeroizing<String>,
    /// To scan.
    pub uri: Zeroizing<String>,
    /// Comes back with the code: the secret, sealed for this account.
    pub sealed: String,
}

/// Recovery codes with the session that goes on.
pub struct Renewed {
    /// The session.
    pub opened: Opened,
    /// Shown once.
    pub codes: Vec<Zeroizing<String>>,
}

/// How an account is changed by its owner.
type Change<'a> = &'a (dyn Fn(&mut AccountRow) + Send + Sync);

impl Door {
    /// Changes the password. The new one must be taken by the profile.
    pub async fn change_password(
        &self,
        signed: &Signed,
        current: Zeroizing<String>,
        new: Zeroizing<String>,
    ) -> Result<Opened, AccountError> {
        let settings = self.settings();
        let login = &signed.known.account.login;
        let mut weak = weaknesses(
            settings.profile,
            settings.second_factor_required,
            login,
            &new,
        );
        if *new == *current {
            weak.push(Weak::Same);
        }
        if !weak.is_empty() {
            return Err(AccountError::Weak(weak));
        }
        self.prove(signed, current).await?;
        let phc = hash::hash(settings.cost, new).await?;
        let now = self.deps.clock.now();
        let change = |row: &mut AccountRow| {
            row.password.clone_from(&phc);
            row.must_change = false;
            row.changed_at = now;
        };
        self.change(signed, &[AccountEvent::PasswordChanged], &change)
            .await
    }

    /// A secret for an authenticator.
    pub fn offer(&self, signed: &Signed) -> Offer {
        let mut secret = Zeroizing::new([0_u8; totp::SECRET_BYTES]);
        OsEntropy.fill(secret.as_mut_slice());
        self.offer_of(signed, secret.as_slice())
    }

    /// The same offer once more: a page shown again keeps its secret.
    pub fn offer_again(&self, signed: &Signed, sealed: &str) -> Option<Offer> {
        let secret = self.offered(signed, sealed)?;
        Some(self.offer_of(signed, &secret))
    }

    fn offer_of(&self, signed: &Signed, secret: &[u8]) -> Offer {
        let place = offer_place(&signed.known);
        let sealed = self.deps.vault.seal_system(&place, secret, &mut OsEntropy);
        Offer {
            text: Zeroizing::new(super::base32::encode(secret)),
            uri: Zeroizing::new(totp::uri(secret, &signed.known.account.login)),
            sealed: hex::encode(sealed),
        }
    }

    fn offered(&self, signed: &Signed, sealed: &str) -> Option<Zeroizing<Vec<u8>>> {
        let cell = hex::decode(sealed).ok()?;
        let place = offer_place(&signed.known);
        let secret = self.deps.vault.open_system(&place, &cell).ok()?;
        Some(Zeroizing::new(secret))
    }

    /// Takes the secret that was offered, once a code of it and the password
    /// are given. Makes recovery codes.
    pub async fn set_second_factor(
        &self,
        signed: &Signed,
        password: Zeroizing<String>,
        sealed: &str,
        code: &str,
    ) -> Result<Renewed, AccountError> {
        let secret = self.offered(signed, sealed).ok_or(AccountError::Code)?;
        let seconds = self.deps.clock.now().as_micros().div_euclid(1_000_000);
        let step = totp::taken(&secret, code, seconds, 0).ok_or(AccountError::Code)?;
        self.prove(signed, password).await?;
        let place = secret_place(&signed.known.account);
        let cell = self.deps.vault.seal_system(&place, &secret, &mut OsEntropy);
        let (codes, digests) = self.draw_codes();
        let change = |row: &mut AccountRow| {
            row.totp = Some(cell.clone());
            row.totp_step = step;
            row.recovery.clone_from(&digests);
        };
        let events = [AccountEvent::TotpSet, AccountEvent::RecoveryMade];
        let opened = self.change(signed, &events, &change).await?;
        Ok(Renewed { opened, codes })
    }

    /// Makes new recovery codes; the old ones are good no more.
    pub async fn renew_recovery(
        &self,
        signed: &Signed,
        password: Zeroizing<String>,
    ) -> Result<Renewed, AccountError> {
        self.prove(signed, password).await?;
        let (codes, digests) = self.draw_codes();
        let change = |row: &mut AccountRow| row.recovery.clone_from(&digests);
        let opened = self
            .change(signed, &[AccountEvent::RecoveryMade], &change)
            .await?;
        Ok(Renewed { opened, codes })
    }

    fn draw_codes(&self) -> (Vec<Zeroizing<String>>, Vec<[u8; 32]>) {
        let codes = recovery::draw(&mut OsEntropy);
        let digest = |code: &Zeroizing<String>| recovery::digest(&self.deps.vault, code);
        let digests = codes.iter().map(digest).collect();
        (codes, digests)
    }

    /// The password once more. Wrong ones count as at the door.
    async fn prove(
        &self,
        signed: &Signed,
        password: Zeroizing<String>,
    ) -> Result<(), AccountError> {
        let mut known = self.again(signed).await?;
        let phc = known.account.password.clone();
        let right = self.is_right(phc.clone(), password).await?;
        loop {
            let now = self.deps.clock.now();
            let right = right && known.account.password == phc;
            match judge(&known.account, right, now, self.settings()) {
                Judged::Locked => return Err(AccountError::Wrong),
                Judged::Right(_) => return Ok(()),
                Judged::Wrong(row, locks) => {
                    if self.count(&known, row, locks, now).await? {
                        return Err(AccountError::Wrong);
                    }
                }
            }
            known = self.again(signed).await?;
        }
    }

    /// Writes a change of an account by its owner: every session ends and one
    /// goes on under a new id, as far as it had come.
    async fn change(
        &self,
        signed: &Signed,
        events: &[AccountEvent],
        change: Change<'_>,
    ) -> Result<Opened, AccountError> {
        loop {
            let known = self.again(signed).await?;
            let now = self.deps.clock.now();
            let mut row = known.account.clone();
            row.version += 1;
            row.failed = 0;
            change(&mut row);
            // Whoever has just set it up has shown a code of it.
            let begun = self.begin(&known, now, row.totp.is_some());
            let id = begun.id;
            let stage = self.stage_after(&known, &row, &begun.row, now);
            let mut writes = vec![
                Write::SessionsEnded {
                    officer: known.officer.id,
                },
                Write::Account(row),
                Write::Session(begun.row),
            ];
            writes.extend(events.iter().map(|event| event_of(&known, *event)));
            let by = known.officer.id.to_string();
            if self.write(now, by, writes).await? {
                let officer = known.officer.id;
                return Ok(Opened { id, stage, officer });
            }
        }
    }

    fn stage_after(
        &self,
        known: &KnownAccount,
        row: &AccountRow,
        session: &store::accounts::SessionRow,
        now: Instant,
    ) -> Stage {
        let after = KnownAccount {
            account: row.clone(),
            ..known.clone()
        };
        session::stage(&after, session, now, self.settings())
    }
}

/// An offer is good for one account and is no stored secret.
fn offer_place(known: &KnownAccount) -> Aad {
    Aad {
        table: "accounts",
        column: "totp offered",
        row: known.officer.id.to_string(),
    }
}
