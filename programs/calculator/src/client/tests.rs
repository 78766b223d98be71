//! The client against servers that say what the test has them say.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};

use super::*;

/// A server for one connection after another: each reads so many lines, then writes this and
/// closes. Gives what it read.
fn server(script: &'static [(usize, &'static str)]) -> (String, JoinHandle<Vec<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let serving = thread::spawn(move || {
        let connection = |(count, words): &(usize, &str)| {
            let (mut stream, _) = listener.accept().unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines().take(*count);
            let read: Vec<String> = lines.map(Result::unwrap).collect();
            stream.write_all(words.as_bytes()).unwrap();
            read
        };
        script.iter().map(connection).collect()
    });
    (address, serving)
}

fn ok(request: &str, value: &str) -> Option<Exchange> {
    Some(Exchange { request: request.to_owned(), answer: Answer::ok(value) })
}

#[tokio::test]
async fn what_has_no_answer_is_asked_again_after_the_variables() {
    let (address, serving) = server(&[
        (4, "OK approx. 0.3\nOK 5\n"),
        (4, "OK approx. 0.3\nOK 5\nBYE draining\n"),
        (4, "OK approx. 0.3\nOK 5\nOK 15\nOK 1\n"),
    ]);
    let mut client = Client::new(address);
    for request in ["LET t = 1/3", "LET x = 2+3", "EVAL x*3", "EVAL t*3"] {
        client.ask(request);
    }
    assert_eq!(client.next().await.unwrap(), ok("LET t = 1/3", "approx. 0.3"));
    assert_eq!(client.next().await.unwrap(), ok("LET x = 2+3", "5"));
    assert_eq!(client.next().await.unwrap(), ok("EVAL x*3", "15"));
    assert_eq!(client.next().await.unwrap(), ok("EVAL t*3", "1"));
    assert_eq!(client.next().await.unwrap(), None);
    let back = client.notices().into_iter().filter(|n| *n == Notice::Back { variables: 2 });
    assert_eq!(back.count(), 2);
    let read = serving.join().unwrap();
    let again = ["LET t = 1/3", "LET x = 5", "EVAL x*3", "EVAL t*3"];
    assert_eq!(
        (&read[1][..], &read[2][..]),
        (&again.map(str::to_owned)[..], &again.map(str::to_owned)[..])
    );
}

#[tokio::test]
async fn a_request_that_ends_every_connection_is_given_up() {
    let (address, serving) = server(&[(1, ""); LOSSES as usize]);
    let mut client = Client::new(address);
    client.ask("EVAL 1");
    let given_up = client.next().await.unwrap_err();
    assert!(
        matches!(&given_up, Error::GivenUp { request, .. } if request == "EVAL 1"),
        "{given_up}"
    );
    assert_eq!(serving.join().unwrap().len(), LOSSES as usize);
    assert_eq!(client.next().await.unwrap(), None);
}

#[tokio::test]
async fn variables_that_cannot_be_brought_back_are_said_to_be_lost() {
    let (address, serving) =
        server(&[(1, "OK 1 km\n"), (2, "ERR domain no such unit\n"), (1, "OK 2\n")]);
    let mut client = Client::new(address);
    client.ask("LET d = 1 km");
    assert!(client.next().await.unwrap().is_some());
    client.ask("EVAL d");
    let lost = client.next().await.unwrap_err();
    assert!(matches!(&lost, Error::Variables(words) if words.contains("no such unit")), "{lost}");
    // And the client can be used on.
    client.ask("EVAL 1+1");
    assert_eq!(client.next().await.unwrap(), ok("EVAL 1+1", "2"));
    serving.join().unwrap();
}

#[tokio::test]
async fn a_stranger_is_not_asked_again() {
    let (address, serving) = server(&[(1, "HTTP/1.1 400 Bad Request\r\n\r\n")]);
    let mut client = Client::new(address);
    client.ask("EVAL 1");
    let refused = client.next().await.unwrap_err();
    assert!(matches!(&refused, Error::Stranger { line, .. } if line.contains("400")), "{refused}");
    serving.join().unwrap();
}
