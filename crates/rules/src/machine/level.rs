//! Which instructions loops over lanes may use: asked of the processor once,
//! the same safe code built for each answer.
//!
//! Every loop works on whole numbers, so all levels give the same bytes
//! (`cargo test -p rules every_level`).

/// A loop over lanes. What runs it is built once for each set of instructions, so
/// all of it has to become part of that: `run` is to be `#[inline(always)]`, which
/// a closure cannot be. Left out of line it would be built once, for any processor.
pub(crate) trait Loop {
    /// What it comes to.
    type Out;

    /// Runs it.
    fn run(self) -> Self::Out;
}

/// A set of instructions that this processor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level(Instructions);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Instructions {
    /// What every processor of the architecture has.
    Baseline,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    /// Every level this processor has, the widest last.
    pub fn all() -> Vec<Level> {
        let mut all = vec![Level(Instructions::Baseline)];
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2")
                && is_x86_feature_detected!("bmi1")
                && is_x86_feature_detected!("bmi2");
            if avx2 {
                all.push(Level(Instructions::Avx2));
            }
            let avx512 = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("fma")
                && is_x86_feature_detected!("f16c");
            if avx2 && avx512 {
                all.push(Level(Instructions::Avx512));
            }
        }
        all
    }

    /// The widest.
    pub fn widest() -> Level {
        let last = Level::all().pop();
        last.unwrap_or(Level(Instructions::Baseline))
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self.0 {
            Instructions::Baseline => "baseline",
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => "AVX-512",
        }
    }

    /// Runs a loop built for these instructions.
    #[inline]
    #[cfg_attr(
        target_arch = "x86_64",
        expect(
            unsafe_code,
            reason = "code for other instructions than the build's has no safe call; what must hold is written at each"
        )
    )]
    pub(crate) fn run<L: Loop>(self, work: L) -> L::Out {
        match self.0 {
            Instructions::Baseline => work.run(),
            // SAFETY: `Level`'s field is private to this file and `all` alone makes
            // this value, after the processor said that it has what `avx2` enables.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => unsafe { avx2(work) },
            // SAFETY: as above, for what `avx512` enables.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => unsafe { avx512(work) },
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2")]
fn avx2<L: Loop>(work: L) -> L::Out {
    work.run()
}

#[cfg(target_arch = "x86_64")]
// The compiler takes the last two along with the first of the 512s.
#[target_feature(enable = "avx2,bmi1,bmi2,avx512f,avx512bw,avx512dq,avx512vl,fma,f16c")]
fn avx512<L: Loop>(work: L) -> L::Out {
    work.run()
}
