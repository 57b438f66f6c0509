//! A serde deserializer over a parsed TOML document, with [`DocumentError`] for its error type.

use std::borrow::Cow;
use std::iter::Enumerate;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::document_error::{DocumentError, ErrorKind};

/// Deserializes a document.
pub(super) fn read<T: DeserializeOwned>(document: Spanned<DeTable<'_>>) -> Result<T, DocumentError> {
    let span = document.span();
    read_value(Spanned::new(span, DeValue::Table(document.into_inner())), PhantomData)
}

/// Deserializes a value; an error gets its span.
fn read_value<'de, S: DeserializeSeed<'de>>(value: Spanned<DeValue<'de>>, seed: S) -> Result<S::Value, DocumentError> {
    let span = value.span();
    let value = Value(value.into_inner());
    let written = value.written();
    seed.deserialize(value).map_err(|error| error.at(&span, &written))
}

/// A value of a document.
struct Value<'de>(DeValue<'de>);

impl Value<'_> {
    /// Returns the value as an error message shows it.
    fn written(&self) -> String {
        match &self.0 {
            DeValue::String(text) => format!("{text:?}"),
            DeValue::Integer(number) => number.to_string(),
            DeValue::Float(number) => number.to_string(),
            DeValue::Boolean(is_true) => is_true.to_string(),
            DeValue::Datetime(date) => date.to_string(),
            DeValue::Array(_) => "[..]".to_owned(),
            DeValue::Table(_) => "{ .. }".to_owned(),
        }
    }

    /// Returns a whole number from `min` to `max`.
    fn whole(&self, min: i128, max: i128) -> Result<i128, DocumentError> {
        let number = match &self.0 {
            DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        number.filter(|number| (min..=max).contains(number)).ok_or_else(|| {
            let range = match (min, max) {
                (0, max) if max >= i64::MAX.into() => "a whole number from 0 on".to_owned(),
                (_, max) if max >= i64::MAX.into() => "a whole number".to_owned(),
                (min, max) => format!("a whole number from {min} to {max}"),
            };
            self.wanted_number(&range)
        })
    }

    fn float(&self) -> Result<f64, DocumentError> {
        let number = match &self.0 {
            DeValue::Integer(_) => self.whole(i64::MIN.into(), i64::MAX.into()).ok().map(|number| number as f64),
            // A number too large for f64 is an error; only `inf` is infinite.
            DeValue::Float(number) => number
                .as_str()
                .parse()
                .ok()
                .filter(|x: &f64| x.is_finite() || !number.as_str().contains(char::is_numeric)),
            _ => None,
        };
        number.ok_or_else(|| self.wanted_number("a number"))
    }

    fn wanted_number(&self, number: &str) -> DocumentError {
        let is_quoted = matches!(&self.0, DeValue::String(text) if text.parse::<f64>().is_ok());
        DocumentError::wanted(format_args!("{number}{}", if is_quoted { ", without quotes" } else { "" }))
    }
}

impl<'de> Deserializer<'de> for Value<'de> {
    type Error = DocumentError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DocumentError> {
        match self.0 {
            DeValue::String(text) => visitor.visit_str(&text),
            DeValue::Integer(_) => match self.whole(i64::MIN.into(), u64::MAX.into())? {
                number if number > i64::MAX.into() => visitor.visit_u64(number as u64),
                number => visitor.visit_i64(number as i64),
            },
            DeValue::Float(_) => visitor.visit_f64(self.float()?),
            DeValue::Boolean(is_true) => visitor.visit_bool(is_true),
            DeValue::Datetime(_) => Err(DocumentError::wanted("a value other than a date")),
            DeValue::Array(items) => visitor.visit_seq(Items::new(items)),
            DeValue::Table(table) => visitor.visit_map(Entries::new(table)),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DocumentError> {
        match self.0 {
            DeValue::Boolean(is_true) => visitor.visit_bool(is_true),
            _ => Err(DocumentError::wanted("true or false")),
        }
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DocumentError> {
        visitor.visit_u64(self.whole(0, u32::MAX.into())? as u64)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DocumentError> {
        visitor.visit_u64(self.whole(0, u64::MAX.into())? as u64)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DocumentError> {
        visitor.visit_i64(self.whole(i64::MIN.into(), i64::MAX.into())? as i64)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DocumentError> {
        visitor.visit_f64(self.float()?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DocumentError> {
        match self.0 {
            DeValue::String(text) => visitor.visit_str(&text),
            _ => Err(DocumentError::wanted("text in quotes")),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DocumentError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DocumentError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DocumentError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DocumentError> {
        match self.0 {
            DeValue::Array(items) => visitor.visit_seq(Items::new(items)),
            _ => Err(DocumentError::wanted("an array")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DocumentError> {
        match self.0 {
            DeValue::Table(table) => visitor.visit_map(Entries::new(table)),
            _ => Err(DocumentError::wanted("a table")),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        choices: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DocumentError> {
        match self.0 {
            DeValue::String(name) => visitor.visit_enum(Bare(name)),
            DeValue::Table(table) => {
                let mut entries = table.into_iter();
                match (entries.next(), entries.next()) {
                    (Some((name, values)), None) => visitor.visit_enum(Choice { name, values }),
                    _ => Err(DocumentError::wanted(format_args!(
                        "a table with one key, the choice: {}",
                        choices.join(", ")
                    ))),
                }
            }
            other => {
                Err(DocumentError::new(ErrorKind::UnknownChoice { value: Value(other).written(), known: choices }))
            }
        }
    }

    forward_to_deserialize_any! {
        u8 u16 i8 i16 i32 i128 u128 f32 char bytes byte_buf unit unit_struct tuple tuple_struct map identifier ignored_any
    }
}

/// The entries of a table.
struct Entries<'de> {
    entries: <DeTable<'de> as IntoIterator>::IntoIter,
    /// The key read last, with its value.
    value: Option<(String, Spanned<DeValue<'de>>)>,
}

impl<'de> Entries<'de> {
    fn new(table: DeTable<'de>) -> Entries<'de> {
        Entries { entries: table.into_iter(), value: None }
    }
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = DocumentError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, DocumentError> {
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        self.value = Some((key.get_ref().to_string(), value));
        read_key(key, seed).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, DocumentError> {
        let (key, value) = self.value.take().expect("serde reads a key before its value");
        read_value(value, seed).map_err(|error| error.under(key))
    }
}

/// Deserializes a key or the name of a choice; an error gets its span.
fn read_key<'de, S: DeserializeSeed<'de>>(key: Spanned<Cow<'de, str>>, seed: S) -> Result<S::Value, DocumentError> {
    let span = key.span();
    let written = key.get_ref().to_string();
    seed.deserialize(key.into_inner().into_deserializer()).map_err(|error: DocumentError| error.at(&span, &written))
}

/// The items of an array.
struct Items<'de> {
    items: Enumerate<<DeArray<'de> as IntoIterator>::IntoIter>,
}

impl<'de> Items<'de> {
    fn new(items: DeArray<'de>) -> Items<'de> {
        Items { items: items.into_iter().enumerate() }
    }
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = DocumentError;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, DocumentError> {
        let Some((index, item)) = self.items.next() else { return Ok(None) };
        read_value(item, seed).map(Some).map_err(|error| error.under(format!("[{index}]")))
    }
}

/// A choice given as its name alone: `positions = "learned"`.
struct Bare<'de>(Cow<'de, str>);

impl<'de> EnumAccess<'de> for Bare<'de> {
    type Error = DocumentError;
    type Variant = BareValues;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, BareValues), DocumentError> {
        let values = BareValues { choice: self.0.to_string() };
        Ok((seed.deserialize(self.0.into_deserializer())?, values))
    }
}

/// The values of a choice that gives none.
struct BareValues {
    choice: String,
}

impl BareValues {
    fn needs<T>(self, fields: &'static [&'static str]) -> Result<T, DocumentError> {
        Err(DocumentError::new(ErrorKind::BareChoice { choice: self.choice, fields }))
    }
}

impl<'de> VariantAccess<'de> for BareValues {
    type Error = DocumentError;

    fn unit_variant(self) -> Result<(), DocumentError> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, _seed: S) -> Result<S::Value, DocumentError> {
        self.needs(&[])
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, _visitor: V) -> Result<V::Value, DocumentError> {
        self.needs(&[])
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, DocumentError> {
        self.needs(fields)
    }
}

/// A choice with its values: `positions = { rotary = { base = 500.0 } }`.
struct Choice<'de> {
    name: Spanned<Cow<'de, str>>,
    values: Spanned<DeValue<'de>>,
}

impl<'de> EnumAccess<'de> for Choice<'de> {
    type Error = DocumentError;
    type Variant = ChoiceValues<'de>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, ChoiceValues<'de>), DocumentError> {
        let values = ChoiceValues { choice: self.name.get_ref().to_string(), values: self.values };
        Ok((read_key(self.name, seed)?, values))
    }
}

/// The values of a choice.
struct ChoiceValues<'de> {
    choice: String,
    values: Spanned<DeValue<'de>>,
}

impl<'de> VariantAccess<'de> for ChoiceValues<'de> {
    type Error = DocumentError;

    fn unit_variant(self) -> Result<(), DocumentError> {
        match self.values.get_ref() {
            DeValue::Table(table) if table.is_empty() => Ok(()),
            _ => {
                let wanted = DocumentError::wanted(format_args!("{:?} alone, which takes no values", self.choice));
                let (span, written) = (self.values.span(), Value(self.values.into_inner()).written());
                Err(wanted.at(&span, &written).under(self.choice))
            }
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, DocumentError> {
        read_value(self.values, seed).map_err(|error| error.under(self.choice))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, DocumentError> {
        self.newtype_variant_seed(Seed(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DocumentError> {
        // Not every enum denies unknown fields, and serde would pass over them.
        if let DeValue::Table(table) = self.values.get_ref()
            && let Some(key) = table.keys().find(|key| !fields.contains(&key.get_ref().as_ref()))
        {
            let unknown = ErrorKind::UnknownKey { key: key.get_ref().to_string(), known: fields };
            return Err(DocumentError { path: vec![self.choice], span: Some(key.span()), kind: unknown });
        }
        self.newtype_variant_seed(Seed(visitor))
    }
}

/// Reads whatever a visitor takes.
struct Seed<V>(V);

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Seed<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        deserializer.deserialize_any(self.0)
    }
}
