//! What is asked and what came back, in the words of `/v1/chat/completions`.

use super::journal::{Known, Said};
use super::recipe::Recipe;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tokenmill_classifiers::annotate::answer::Form;
use tokenmill_classifiers::annotate::prompt::{excerpt, key, without_chat_marks};
use tokenmill_classifiers::annotate::{Given, Prompt, Sampled, Unreadable};

/// Characters of an unreadable answer that a model is shown again.
const MAX_SHOWN_AGAIN: usize = 2_000;

/// The documents of a recipe and their keys.
pub struct Work {
    /// The recipe.
    pub recipe: Recipe,
    /// The prompt.
    pub prompt: Prompt,
    /// Its digest.
    pub digest: String,
    /// The documents, and the keys of their answers.
    pub documents: Vec<(Sampled, String)>,
}

/// One request.
pub struct Request<'a> {
    /// The key of its answer.
    pub key: &'a str,
    /// 0 for the first, 1 for the one after a reminder, and so on.
    pub number: usize,
    text: &'a str,
    /// The unreadable answer before it.
    previous: Option<(String, Unreadable)>,
}

/// What is left to do.
pub struct ToDo<'a> {
    /// Requests, in the order of documents, each once.
    pub requests: Vec<Request<'a>>,
    /// Requests that are in batch files which have not come back.
    pub n_out: u64,
}

/// What an answer says.
#[derive(Debug, PartialEq)]
pub struct Reply {
    /// The text.
    pub text: String,
    /// The model that says it has answered, or empty.
    pub answered_by: String,
    /// Why it ended.
    pub finish: String,
    /// Tokens of the request and of the answer, where the service counts them.
    pub usage: Option<(u64, u64)>,
}

impl Work {
    /// Joins recipe, prompt and documents.
    pub fn new(recipe: Recipe, prompt: Prompt, documents: Vec<Sampled>) -> Work {
        let fields: BTreeMap<&String, &Value> = recipe.request.iter().collect();
        let digest = prompt.digest(&json!(fields).to_string());
        let of = |document: Sampled| {
            let key = key(&recipe.endpoint.model, &digest, &document.excerpt);
            (document, key)
        };
        let documents = documents.into_iter().map(of).collect();
        Work { recipe, prompt, digest, documents }
    }

    /// What is to be asked, by what is known.
    pub fn to_do(&self, known: &Known) -> ToDo<'_> {
        let (mut requests, mut n_out, mut seen) = (Vec::new(), 0, BTreeSet::new());
        for (document, key) in &self.documents {
            // Documents that look the same to the model are asked about once.
            if !seen.insert(key) || known.is_refused(key) {
                continue;
            }
            let Some(request) = self.next(key, &document.excerpt, known.answers(key)) else { continue };
            match known.out(&request.id()) {
                Some(_) => n_out += 1,
                None => requests.push(request),
            }
        }
        ToDo { requests, n_out }
    }

    /// The next request about a text after these answers: none once one can be read, or the model has been reminded often enough.
    pub fn next<'a>(&self, key: &'a str, text: &'a str, answers: &[Said]) -> Option<Request<'a>> {
        let number = answers.len();
        let previous = match answers.last() {
            None => None,
            Some(last) => Some((last.answer.clone(), self.label(answers).err()?)),
        };
        (number <= self.recipe.labels.reask).then_some(Request { key, number, text, previous })
    }

    /// The label that an answer gives. Half a last line may look like a whole one, half an object does not.
    pub fn read(&self, said: &Said) -> Result<Given, Unreadable> {
        let (answer, is_cut) = (&self.prompt.answer, said.finish == "length");
        match answer.read(&said.answer) {
            Err(_) if is_cut => Err(Unreadable::Cut),
            Ok(_) if is_cut && answer.form == Form::LastLine => Err(Unreadable::Cut),
            read => read,
        }
    }

    /// The label that answers give: that of the first that can be read.
    pub fn label(&self, answers: &[Said]) -> Result<Given, Unreadable> {
        let mut read = answers.iter().map(|said| self.read(said));
        let last = answers.last().map_or(Err(Unreadable::Empty), |said| self.read(said));
        read.find(Result::is_ok).unwrap_or(last)
    }

    /// The messages of a request.
    pub fn messages(&self, request: &Request<'_>) -> Vec<(&'static str, String)> {
        let mut messages = vec![("user", self.prompt.message(request.text))];
        // Services refuse a turn in which nothing is said: after it, the question is repeated.
        if let Some((said, why)) = request.previous.as_ref().filter(|(said, _)| !said.trim().is_empty()) {
            messages.push(("assistant", without_chat_marks(excerpt(said, MAX_SHOWN_AGAIN)).into_owned()));
            messages.push(("user", self.prompt.reminder(*why)));
        }
        messages
    }

    /// The body of a request.
    pub fn body(&self, request: &Request<'_>) -> Value {
        let messages: Vec<Value> =
            self.messages(request).iter().map(|(role, content)| json!({"role": role, "content": content})).collect();
        let mut body = Map::new();
        body.insert("model".to_owned(), json!(self.recipe.endpoint.model));
        body.insert("messages".to_owned(), json!(messages));
        body.extend(self.recipe.request.clone());
        Value::Object(body)
    }

    /// What is kept of a reply. Where the service does not count tokens, they are guessed.
    pub fn said(&self, request: &Request<'_>, reply: Reply, guess: impl FnOnce(&Reply) -> (u64, u64)) -> Said {
        let (input, output) = reply.usage.unwrap_or_else(|| guess(&reply));
        Said {
            key: request.key.to_owned(),
            number: request.number,
            prompt: self.digest.clone(),
            model: self.recipe.endpoint.model.clone(),
            answered_by: reply.answered_by,
            answer: reply.text,
            finish: reply.finish,
            input,
            output,
        }
    }
}

impl<'a> Request<'a> {
    /// A request whose answer is there already.
    pub fn bare(key: &'a str, number: usize, text: &'a str) -> Request<'a> {
        Request { key, number, text, previous: None }
    }

    /// The request after this one, by all answers so far.
    pub fn after(&self, work: &Work, answers: &[Said]) -> Option<Request<'a>> {
        work.next(self.key, self.text, answers)
    }

    /// The name of a request: in batch files, and for services that know repeated requests by it.
    pub fn id(&self) -> String {
        Request::name(self.key, self.number)
    }

    /// The name of the request with a key and a number.
    pub fn name(key: &str, number: usize) -> String {
        format!("{key}-{number}")
    }

    /// Key and number of a name.
    pub fn parse(name: &str) -> Option<(&str, usize)> {
        let (key, number) = name.rsplit_once('-')?;
        Some((key, number.parse().ok()?))
    }
}

/// Reads the body of an answer.
///
/// # Errors
/// In words, when it is not what the protocol says.
pub fn read_reply(body: &[u8]) -> Result<Reply, String> {
    let body: Value = serde_json::from_slice(body).map_err(|error| format!("its body is no JSON: {error}"))?;
    if !body["error"].is_null() {
        return Err(complaint(&body).unwrap_or_else(|| "it is an error without a message".to_owned()));
    }
    let choice = &body["choices"][0];
    if !choice["error"].is_null() || choice["finish_reason"] == "error" {
        return Err(complaint(choice).unwrap_or_else(|| "it is an error without a message".to_owned()));
    }
    let message = choice["message"].as_object().ok_or("it has no `choices[0].message`")?;
    let text = match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        // A refusal, or nothing but thoughts until the tokens were used up: an answer, and paid for.
        _ => String::new(),
    };
    let usage = &body["usage"];
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(Reply {
        text,
        answered_by: word(&body["model"]),
        finish: word(&choice["finish_reason"]),
        usage: usage["prompt_tokens"].as_u64().zip(usage["completion_tokens"].as_u64()),
    })
}

/// What a service complains of.
pub fn complaint(body: &Value) -> Option<String> {
    let said = [&body["error"]["message"], &body["error"], &body["message"], &body["detail"]];
    said.iter().find_map(|text| text.as_str()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::super::journal::tests::said;
    use super::*;

    fn work(texts: &[&str]) -> Option<Work> {
        let recipe = "[labels]\noutput = \"l.parquet\"\nprompt = \"p\"\n[sample]\ninputs = []\nper_stratum = 1\n\
                      [endpoint]\nurl = \"http://h\"\nmodel = \"m\"\n[request]\ntop_p = 1\nmax_tokens = 9\n";
        let prompt =
            "name = \"p\"\ninstructions = \"Judge.\"\n[answer]\nform = \"json\"\nkey = \"score\"\nmin = 0\nmax = 5\n";
        let sampled = |text: &&str| Sampled {
            stratum: "all".into(),
            id: String::new(),
            url: String::new(),
            lang: String::new(),
            excerpt: (*text).to_owned(),
        };
        let documents = texts.iter().map(sampled).collect();
        Some(Work::new(toml::from_str(recipe).ok()?, toml::from_str(prompt).ok()?, documents))
    }

    #[test]
    fn a_model_is_reminded_once_and_then_let_be() {
        let Some(work) = work(&["one", "two", "one"]) else { unreachable!() };
        assert_eq!(work.to_do(&Known::default()).requests.len(), 2);
        let next = |answers: &[Said]| work.next("k", "one", answers).map(|request| work.messages(&request));
        let said_of = |answer: &str| said("k", 0, answer);
        let (good, bad) = (said("k", 0, "{\"score\": 2}"), said("k", 0, "two"));
        assert_eq!(next(&[]).map(|messages| messages.len()), Some(1));
        assert_eq!(next(std::slice::from_ref(&good)), None);
        assert_eq!(next(&[bad.clone(), Said { number: 1, ..bad.clone() }]), None);
        let messages = next(std::slice::from_ref(&bad)).unwrap_or_default();
        let roles: Vec<&str> = messages.iter().map(|(role, _)| *role).collect();
        assert_eq!((&roles[..], messages[1].1.as_str()), (&["user", "assistant", "user"][..], "two"));
        assert!(messages[2].1.contains("not one JSON object"), "{}", messages[2].1);
        assert_eq!(work.label(&[bad.clone(), good]).map(|given| given.label), Ok("2".into()));
        let roles = |said: &str| next(&[said_of(said)]).unwrap_or_default().len();
        assert_eq!([roles(" \n"), roles("x")], [1, 3], "no empty turn is repeated");
        assert!(next(&[said_of("<|im_end|>")]).is_some_and(|messages| messages[1].1 == "< |im_end|>"));
        let cut = Said { finish: "length".into(), ..bad.clone() };
        assert_eq!(work.label(&[cut]), Err(Unreadable::Cut));
        assert_eq!(work.label(&[bad]), Err(Unreadable::NoObject));
    }

    #[test]
    fn bodies_have_what_the_recipe_says() {
        let Some(work) = work(&["one"]) else { unreachable!() };
        let Some(request) = work.next("k", "one", &[]) else { unreachable!() };
        let body = work.body(&request);
        assert_eq!((&body["model"], &body["max_tokens"], &body["top_p"]), (&json!("m"), &json!(9), &json!(1)));
        assert_eq!(body["messages"][0]["role"], "user");
        assert_eq!((request.id().as_str(), Request::parse("k-0")), ("k-0", Some(("k", 0))));
    }

    #[test]
    fn replies_are_read_whatever_is_missing() {
        let reply =
            |text: &str, usage| Reply { text: text.into(), answered_by: "m".into(), finish: "stop".into(), usage };
        let full = br#"{"model":"m","choices":[{"message":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":1}}"#;
        assert_eq!(read_reply(full), Ok(reply("x", Some((5, 1)))));
        let refusal =
            br#"{"model":"m","choices":[{"message":{"content":null,"refusal":"no"},"finish_reason":"stop"}]}"#;
        assert_eq!(read_reply(refusal), Ok(reply("", None)));
        for (body, expected) in [
            ("{\"choices\":[", "no JSON"),
            ("{}", "`choices[0].message`"),
            (r#"{"error":{"message":"overloaded"}}"#, "overloaded"),
            (r#"{"error":7}"#, "without a message"),
            (r#"{"choices":[{"message":{"content":""},"finish_reason":"error"}]}"#, "without a message"),
            (r#"{"choices":[{"message":{"content":""},"error":{"message":"upstream"}}]}"#, "upstream"),
        ] {
            assert!(read_reply(body.as_bytes()).is_err_and(|why| why.contains(expected)), "{body}");
        }
    }
}
