//! Tables that check each key as they read it, so the error of an unknown key points to its line and suggests near names.

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess};

use searchlens_base::text::{listed, near_names};

/// A table with these keys and no others.
pub(crate) struct KnownKeys<A> {
    pub(crate) table: A,
    pub(crate) keys: &'static [&'static str],
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for KnownKeys<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        let Some(key) = self.table.next_key_seed(KnownKey(self.keys))? else { return Ok(None) };
        seed.deserialize(key.into_deserializer()).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.table.next_value_seed(seed)
    }
}

/// Reads one of these keys.
pub(crate) struct KnownKey<'a>(pub(crate) &'a [&'static str]);

impl<'de> DeserializeSeed<'de> for KnownKey<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        let key = String::deserialize(deserializer)?;
        if self.0.contains(&key.as_str()) { Ok(key) } else { Err(D::Error::custom(unknown_key(&key, self.0))) }
    }
}

/// Words the error of an unknown key.
pub(crate) fn unknown_key(key: &str, known: &[&'static str]) -> String {
    let known = || known.iter().copied();
    format!("unknown field `{key}`{}; there are: {}", near_names(key, known()), listed(known()))
}
