//! The key file and its escrow copy, as text. Reading and writing are the
//! shell's.

use domain::time::Date;
use zeroize::Zeroizing;

use crate::keys::MasterKey;

/// The text form of a master key: `name: value` lines, with a fingerprint that
/// tells a mistyped key from the right one.
#[derive(Clone, Copy, Debug)]
pub struct MasterKeyFile;

/// Why a text is not a key file. Messages follow "cannot read the key file: "
/// and never repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFileError {
    /// A line is not `name: value` with a known name, or a name came twice.
    #[error("line {line} does not belong in a key file")]
    Line {
        /// 1-based line.
        line: usize,
    },
    /// A line is missing.
    #[error("the line `{name}:` is missing")]
    Missing {
        /// Its name.
        name: &'static str,
    },
    /// Written by another version.
    #[error("it was written by another version of this program")]
    Version,
    /// The key is not 64 hex digits.
    #[error("the key is not 64 hex digits")]
    Digits,
    /// The fingerprint is another key's.
    #[error("the fingerprint does not fit the key: one of them was changed or mistyped")]
    Fingerprint,
}

const VERSION_LINE: &str = "hearth-master-key";
const KEY_LINE: &str = "key";
const FINGERPRINT_LINE: &str = "fingerprint";
const VERSION: &str = "1";

impl MasterKeyFile {
    /// The text to write with mode 0400.
    pub fn format(master: &MasterKey) -> Zeroizing<String> {
        let mut digits = Zeroizing::new([0u8; 64]);
        hex::encode_to_slice(master.expose(), digits.as_mut_slice())
            .expect("64 digits write 32 bytes");
        let digits = std::str::from_utf8(digits.as_slice()).expect("hex digits are ASCII");
        let fingerprint = master.fingerprint();
        // Room for all of it at once: growing would leave copies behind.
        let mut text = Zeroizing::new(String::with_capacity(512));
        for part in [
            "# 暖心主密钥：持有者可读取全部数据；遗失则全部数据无法读取。\n",
            "# Hearth master key: whoever holds it reads everything; if it is lost, nothing can be read.\n",
            VERSION_LINE,
            ": ",
            VERSION,
            "\n",
            KEY_LINE,
            ": ",
            digits,
            "\n",
            FINGERPRINT_LINE,
            ": ",
            &fingerprint,
            "\n",
        ] {
            text.push_str(part);
        }
        text
    }

    /// Reads the text. Comment lines, blank lines, capitals and spaces inside
    /// the key are understood, as they come when an escrow copy is typed in.
    pub fn parse(text: &str) -> Result<MasterKey, KeyFileError> {
        let (mut version, mut key, mut fingerprint) = (None, None, None);
        let text = text.trim_start_matches('\u{feff}');
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let error = KeyFileError::Line { line: index + 1 };
            let (name, value) = line.split_once(':').ok_or(error)?;
            let slot = match name.trim_end() {
                VERSION_LINE => &mut version,
                KEY_LINE => &mut key,
                FINGERPRINT_LINE => &mut fingerprint,
                _ => return Err(error),
            };
            if slot.replace(value.trim()).is_some() {
                return Err(error);
            }
        }
        let missing = |name| KeyFileError::Missing { name };
        if version.ok_or(missing(VERSION_LINE))? != VERSION {
            return Err(KeyFileError::Version);
        }
        let master = read_key(key.ok_or(missing(KEY_LINE))?)?;
        let fingerprint = fingerprint.ok_or(missing(FINGERPRINT_LINE))?;
        if !fingerprint.eq_ignore_ascii_case(&master.fingerprint()) {
            return Err(KeyFileError::Fingerprint);
        }
        Ok(master)
    }

    /// What to print once, when the key is made, for two sealed envelopes. It
    /// is itself a key file, so restoring is copying it back.
    pub fn escrow_note(master: &MasterKey, office: &str, made_on: Date) -> Zeroizing<String> {
        let file = MasterKeyFile::format(master);
        let fingerprint = master.fingerprint();
        let made_on = made_on.to_string();
        // A comment must stay one line, or the note would not read back.
        let office = office.replace(['\n', '\r'], " ");
        let mut note = Zeroizing::new(String::with_capacity(2048 + office.len()));
        for part in [
            "# 暖心主密钥托管件 / Hearth master key, escrow copy\n",
            "# 单位 office: ",
            &office,
            "\n",
            "# 生成日期 made on: ",
            &made_on,
            "\n",
            "# 密钥指纹 fingerprint: ",
            &fingerprint,
            "\n",
            "#\n",
            "# 一、打印两份，分别装入信封密封签字，由两名负责人在两处保管；不得拍照、转发或存入网盘。\n",
            "# 二、数据备份不含本密钥。密钥文件与两份托管件全部遗失时，任何人都无法恢复数据。\n",
            "# 三、恢复：将下方内容原样录入密钥文件（权限 0400）；指纹不符即录入有误。\n",
            "# 四、任何一份遗失或被拆封，按泄露处理并立即报告。\n",
            "# 1. Print twice; seal and sign; two people keep the copies in two places. No photographs, no messages, no cloud.\n",
            "# 2. Backups of the data do not hold this key. If the key file and both copies are lost, nobody can restore the data.\n",
            "# 3. To restore, type the lines below into the key file (mode 0400); a wrong fingerprint means a typing error.\n",
            "# 4. A lost or opened copy is a leak: report it at once.\n",
            "#\n",
            &file,
        ] {
            note.push_str(part);
        }
        note
    }
}

fn read_key(value: &str) -> Result<MasterKey, KeyFileError> {
    let mut digits = Zeroizing::new([0u8; 64]);
    let mut slots = digits.iter_mut();
    for byte in value.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        *slots.next().ok_or(KeyFileError::Digits)? = byte;
    }
    if slots.next().is_some() {
        return Err(KeyFileError::Digits);
    }
    let mut key = Zeroizing::new([0u8; 32]);
    hex::decode_to_slice(digits.as_slice(), key.as_mut_slice())
        .map_err(|_| KeyFileError::Digits)?;
    Ok(MasterKey::from_bytes(*key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counting() -> MasterKey {
        MasterKey::from_bytes(std::array::from_fn(|n| u8::try_from(n).unwrap()))
    }

    const TEXT: &str = "hearth-master-key: 1\n\
        key: 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n\
        fingerprint: 44bc1b805ef94b3c\n";

    #[test]
    fn the_text_of_a_key() {
        let file = MasterKeyFile::format(&counting());
        assert!(file.ends_with(TEXT), "{}", file.as_str());
        assert!(file.capacity() == 512, "grown, so a copy was left behind");
        let read = MasterKeyFile::parse(&file).unwrap();
        assert_eq!(read.expose(), counting().expose());
    }

    #[test]
    fn an_escrow_copy_is_a_key_file() {
        let note = MasterKeyFile::escrow_note(
            &counting(),
            "武进区\n民政局",
            "2026-11-20".parse().unwrap(),
        );
        assert!(note.contains("# 单位 office: 武进区 民政局\n"));
        assert!(note.contains("2026-11-20"));
        assert!(note.capacity() == 2048 + "武进区 民政局".len(), "grown");
        let read = MasterKeyFile::parse(&note).unwrap();
        assert_eq!(read.expose(), counting().expose());
        let typed = "\u{feff}hearth-master-key : 1\r\n\r\nkey: 00010203 04050607 08090A0B 0C0D0E0F 10111213 14151617 18191A1B 1C1D1E1F\r\n\
               fingerprint: 44BC1B805EF94B3C\r\n";
        assert!(MasterKeyFile::parse(typed).is_ok());
    }

    #[test]
    fn every_refusal() {
        let error = |text: &str| MasterKeyFile::parse(text).unwrap_err();
        let missing = |name| KeyFileError::Missing { name };
        assert_eq!(error(""), missing("hearth-master-key"));
        assert_eq!(error("hearth-master-key: 1"), missing("key"));
        let (head, _) = TEXT.split_once("fingerprint").unwrap();
        assert_eq!(error(head), missing("fingerprint"));
        assert_eq!(error(&TEXT.replace(": 1", ": 2")), KeyFileError::Version);
        assert_eq!(error(&TEXT.replace("1d1e1f", "1d1e")), KeyFileError::Digits);
        assert_eq!(error(&TEXT.replace("1e1f", "1e1f20")), KeyFileError::Digits);
        assert_eq!(error(&TEXT.replace("1e1f", "1eég")), KeyFileError::Digits);
        assert_eq!(
            error(&TEXT.replace("000102", "000103")),
            KeyFileError::Fingerprint
        );
        assert_eq!(
            error(&format!("{TEXT}{TEXT}")),
            KeyFileError::Line { line: 4 }
        );
        assert_eq!(
            error(&format!("{TEXT}\nelse: 1")),
            KeyFileError::Line { line: 5 }
        );
        assert_eq!(error("no key"), KeyFileError::Line { line: 1 });
    }

    proptest! {
        #[test]
        fn keys_read_back(bytes in any::<[u8; 32]>()) {
            let text = MasterKeyFile::format(&MasterKey::from_bytes(bytes));
            let read = MasterKeyFile::parse(&text).unwrap();
            prop_assert_eq!(read.expose(), &bytes);
        }

        #[test]
        fn one_mistyped_digit_is_noticed(at in 0usize..64, digit in "[0-9a-f]") {
            let start = TEXT.find("0001").unwrap() + at;
            let mut typed = TEXT.to_owned();
            typed.replace_range(start..=start, &digit);
            let error = MasterKeyFile::parse(&typed).err();
            prop_assert_eq!(error, (typed != TEXT).then_some(KeyFileError::Fingerprint));
        }

        #[test]
        fn any_text_is_answered_without_panic(text in "(?s).{0,200}") {
            let _ = MasterKeyFile::parse(&text);
        }
    }
}
