//! The JSON Schema of the configuration file, for editors that complete and check while typing.

use serde_json::{Map, Value, json};

use super::keys::{Absent, Default, Form, Key, ROOT, Table};
use super::written::quantity::{SIZE_PATTERN, TIME_PATTERN, show_size, show_time};

/// Where a value from the environment may stand: any string with a variable in it.
const VARIABLE_PATTERN: &str = r"\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}";

/// The configuration file as a JSON Schema (draft 2020-12): every key with its description,
/// bounds and default. What only makes sense together, such as names that have to exist, is
/// checked by [`super::parse`] alone.
#[must_use]
pub fn schema() -> Value {
    let mut schema = object(&ROOT);
    if let Some(fields) = schema.as_object_mut() {
        fields.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
        fields.insert("title".into(), "Tombolo configuration".into());
    }
    schema
}

fn object(table: &Table) -> Value {
    let properties: Map<String, Value> =
        table.keys.iter().map(|key| (key.name.to_owned(), property(key))).collect();
    let required: Vec<&str> = table
        .keys
        .iter()
        .filter(|key| matches!(key.absent, Absent::Required))
        .map(|key| key.name)
        .collect();
    let mut schema =
        json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if let (Some(fields), false) = (schema.as_object_mut(), required.is_empty()) {
        fields.insert("required".into(), json!(required));
    }
    schema
}

fn property(key: &Key) -> Value {
    let mut schema = form(&key.form);
    if let Some(fields) = schema.as_object_mut() {
        fields.insert("description".into(), key.about.into());
        if let Absent::Is(default) = key.absent {
            fields.insert("default".into(), default_value(default));
        }
    }
    schema
}

fn form(form: &Form) -> Value {
    let variable = json!({ "type": "string", "pattern": VARIABLE_PATTERN });
    match form {
        Form::Flag => json!({ "anyOf": [{ "type": "boolean" }, variable] }),
        Form::Count { min, max } => {
            let number = json!({ "type": "integer", "minimum": min, "maximum": max });
            json!({ "anyOf": [number, variable] })
        }
        Form::Size { min, max } => {
            let number = json!({ "type": "integer", "minimum": min, "maximum": max });
            let text = json!({ "type": "string", "pattern": SIZE_PATTERN });
            let bounds = format!("from {} to {}", show_size(*min), show_size(*max));
            json!({ "anyOf": [number, text, variable], "$comment": bounds })
        }
        Form::Time { min, max } => {
            let text = json!({ "type": "string", "pattern": TIME_PATTERN });
            let bounds = format!("from {} to {}", show_time(*min), show_time(*max));
            json!({ "anyOf": [text, variable], "$comment": bounds })
        }
        Form::Word { words, .. } => json!({ "anyOf": [{ "enum": words() }, variable] }),
        Form::Text { what } => json!({ "type": "string", "minLength": 1, "$comment": what }),
        Form::TextOrFalse { what } => {
            let text = json!({ "type": "string", "minLength": 1, "$comment": what });
            json!({ "anyOf": [text, { "const": false }] })
        }
        Form::Texts { what, min, max } => json!({
            "type": "array", "minItems": min, "maxItems": max,
            "items": { "type": "string", "$comment": what },
        }),
        Form::TextOrTexts { what, max } => {
            let text = json!({ "type": "string", "minLength": 1, "$comment": what });
            let list = json!({ "type": "array", "minItems": 1, "maxItems": max, "items": text });
            json!({ "anyOf": [text, list] })
        }
        Form::Entries { what, table, max, .. } => json!({
            "type": "array", "minItems": 1, "maxItems": max,
            "items": { "anyOf": [{ "type": "string", "$comment": what }, object(table)] },
        }),
        Form::Table(table) => object(table),
        Form::TableOrTables { table, max } => {
            let one = object(table);
            let list = json!({ "type": "array", "minItems": 1, "maxItems": max, "items": one });
            json!({ "anyOf": [one, list] })
        }
        Form::FlagOrTable(table) => {
            json!({ "anyOf": [{ "type": "boolean" }, variable, object(table)] })
        }
        Form::CountOrTable { min, max, table } => {
            let number = json!({ "type": "integer", "minimum": min, "maximum": max });
            json!({ "anyOf": [number, variable, object(table)] })
        }
        Form::Tables { table, max } => {
            json!({ "type": "array", "maxItems": max, "items": object(table) })
        }
    }
}

fn default_value(default: Default) -> Value {
    match default {
        Default::Flag(value) => value.into(),
        Default::Count(value) => value.into(),
        Default::Size(0) => 0.into(),
        Default::Size(value) => show_size(value).into(),
        Default::Time(value) => show_time(value).into(),
        Default::Text(value) => value.into(),
        Default::Texts(values) => values().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_description_and_a_default_or_none() {
        let schema = schema();
        let limits = &schema["properties"]["gateway"]["properties"]["limits"]["properties"];
        assert_eq!(limits["head_bytes"]["default"], "32KiB");
        assert_eq!(limits["body_bytes"]["default"], "1GiB");
        let upstream = &schema["properties"]["upstream"]["items"];
        assert_eq!(upstream["required"], json!(["name"]));
        assert_eq!(upstream["additionalProperties"], false);
        assert_eq!(
            upstream["properties"]["policy"]["anyOf"][0]["enum"],
            json!(["round-robin", "least-requests", "p2c", "peak-ewma", "random", "hash"])
        );
        walk(&schema);
    }

    fn walk(schema: &Value) {
        let Some(properties) = schema["properties"].as_object() else { return };
        for (name, property) in properties {
            assert!(property["description"].as_str().is_some_and(|text| text.len() > 8), "{name}");
            walk(property);
            walk(&property["items"]);
        }
    }
}
