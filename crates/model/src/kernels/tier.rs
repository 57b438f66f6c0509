//! The instruction set that the kernels run on, found when the program starts.

use std::fmt;

/// What this machine's vector instructions are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// 16 floats at a time.
    Avx512,
    /// 8 floats at a time, with fused multiply-add.
    Avx2,
    /// What every machine of this architecture has.
    Portable,
}

impl Tier {
    /// The best that this machine has.
    pub fn detect() -> Tier {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
                return Tier::Avx512;
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Tier::Avx2;
            }
        }
        Tier::Portable
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Tier::Avx512 => "f32-avx512",
            Tier::Avx2 => "f32-avx2",
            Tier::Portable => "f32-portable",
        })
    }
}
