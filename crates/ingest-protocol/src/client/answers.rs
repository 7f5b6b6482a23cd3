//! What the server's messages do.

use super::heard::{self, Heard, Welcome};
use super::{Client, ClientOutput, MESSAGE_BYTES, Over, State, Summary};
use crate::chunk::CHUNK_HEADER_BYTES;
use crate::message::ErrorCode;

/// Until a welcome says otherwise.
pub(super) const FIRST_CREDIT_BYTES: u64 = 1 << 20;

impl Client {
    pub(super) fn answered(&mut self, text: &str, now_ms: i64) {
        match heard::read(text) {
            Err(error) => self.hang_up(format!("the server's message is not JSON: {error}")),
            Ok(Heard::Welcome(welcome)) => self.welcomed(welcome, now_ms),
            Ok(Heard::Ack { generation, received, durable, credit_bytes }) => {
                if self.state == State::Open {
                    self.credit(credit_bytes);
                    let news = self.generations.acknowledged(generation, received, durable);
                    self.tell(news);
                }
            }
            Ok(Heard::Summary(summary)) => self.finished(summary),
            Ok(Heard::Error { code, message, generation }) => {
                self.complained(&code, message, generation);
            }
            Ok(Heard::Unknown) => {}
        }
    }

    fn welcomed(&mut self, welcome: Welcome, now_ms: i64) {
        let State::Greeting { since_ms } = self.state else { return };
        if welcome.session.is_some_and(|session| session != self.identity.session) {
            return self.hang_up("the server answered for another session".to_owned());
        }
        self.state = State::Open;
        let header_bytes = CHUNK_HEADER_BYTES as u64;
        let message_bytes = welcome.message_bytes.filter(|&bytes| bytes > header_bytes);
        self.payload_bytes =
            message_bytes.unwrap_or(MESSAGE_BYTES).min(MESSAGE_BYTES) - header_bytes;
        // The answer was written somewhere between the question and now.
        let between_ms = since_ms.midpoint(now_ms);
        self.offset_ms = welcome.now_ms.map(|server_ms| server_ms.saturating_sub(between_ms));
        self.retry_ms = welcome.retry_ms;
        self.addresses = welcome.addresses;
        let news = self.generations.welcomed(&welcome.positions);
        self.tell(news);
        self.notes.repeat();
        self.credit(Some(welcome.credit_bytes.unwrap_or(FIRST_CREDIT_BYTES)));
        self.told.push_back(ClientOutput::Welcomed);
    }

    fn credit(&mut self, credit_bytes: Option<u64>) {
        let Some(credit_bytes) = credit_bytes else { return };
        self.credit_bytes = credit_bytes;
        if credit_bytes > 0 {
            self.storage(None);
        }
    }

    fn storage(&mut self, problem: Option<String>) {
        if self.storage != problem {
            self.storage.clone_from(&problem);
            self.told.push_back(ClientOutput::Storage(problem));
        }
    }

    fn complained(&mut self, code: &str, message: String, generation: Option<u32>) {
        let refusal = match code {
            "bad_stream" => ErrorCode::BadStream,
            "lost" => ErrorCode::Lost,
            "not_paired" => return self.not_admitted(ErrorCode::NotPaired, message),
            "revoked" => return self.not_admitted(ErrorCode::Revoked, message),
            "session_in_use" => return self.over(Over::TakenOver),
            "storage" => {
                self.credit_bytes = 0;
                return self.storage(Some(message));
            }
            // The server ends the connection; waiting for that may take long.
            "bad_message" | "hole" | "shutting_down" => return self.hang_up(message),
            _ => return,
        };
        if let Some(generation) = generation {
            let news = self.generations.refused(generation, refusal, message);
            self.tell(news);
        }
    }

    /// The close follows; a later hello may be admitted.
    fn not_admitted(&mut self, code: ErrorCode, message: String) {
        self.credit_bytes = 0;
        self.told.push_back(ClientOutput::NotAdmitted { code, message });
    }

    fn finished(&mut self, summary: Summary) {
        if !summary.session.is_empty() && summary.session != self.identity.session {
            return;
        }
        // It answers the stop of this connection, which named every length.
        let news = self.generations.finished(self.is_stop_said);
        self.tell(news);
        self.over(Over::Finished(summary));
    }

    fn over(&mut self, over: Over) {
        self.disconnected();
        self.state = State::Over;
        self.told.push_back(ClientOutput::Over(over));
    }

    pub(super) fn hang_up(&mut self, reason: String) {
        self.disconnected();
        self.hang_up = Some(reason);
    }

    fn tell(&mut self, news: impl IntoIterator<Item = ClientOutput>) {
        let mut is_progress = false;
        for output in news {
            if let ClientOutput::Forget { generation, below } = output {
                self.notes.durable(generation, below);
                is_progress = true;
            }
            self.told.push_back(output);
        }
        self.told.extend(is_progress.then_some(ClientOutput::Progress));
    }
}
