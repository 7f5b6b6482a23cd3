//! What a device has been told, and what is news to it.

use std::collections::{BTreeMap, BTreeSet};

use ingest_protocol::{ErrorCode, ServerMessage};

use super::session::Progress;
use crate::live::feed::{Durable, DurableGeneration};

/// What a device may have sent and not acknowledged: some seconds of catching up at full speed,
/// little beside what the device itself holds.
pub(super) const CREDIT_BYTES: u64 = 8 << 20;

/// Acknowledged again after this much, although nothing became durable, since the device may
/// send no more without it.
const ACK_BYTES: u64 = CREDIT_BYTES / 4;

/// What one connection's device knows.
#[derive(Debug, Default)]
pub(super) struct Report {
    acknowledged: BTreeMap<u32, Acknowledged>,
    /// Broken generations that the device has been told of.
    broken: BTreeSet<u32>,
    storage_error: Option<String>,
}

/// What the device was told of a generation last.
#[derive(Debug, Clone, Copy, Default)]
struct Acknowledged {
    position: DurableGeneration,
    received: u64,
}

/// Something to tell.
#[derive(Debug, PartialEq)]
pub(super) enum News {
    Message(ServerMessage),
    /// Nothing more of this generation is taken; the device learns it from the message behind.
    GiveUp(u32),
}

impl Report {
    /// A device whose welcome says where the session stands. Of generations that are over it need
    /// hear no more, however many they are; the newest tells how far the session has come.
    pub(super) fn new(progress: &Progress, durable: &Durable) -> Self {
        let newest = progress.received.keys().last();
        let over = progress.received.iter().filter_map(|(generation, &received)| {
            let position = *durable.generations.get(generation)?;
            let is_told = position.ended && Some(generation) != newest;
            is_told.then_some((*generation, Acknowledged { position, received }))
        });
        Self { acknowledged: over.collect(), ..Self::default() }
    }

    /// What has come up since the last call. `received` says how many bytes of a generation have
    /// arrived on this connection's side.
    pub(super) fn news(
        &mut self,
        progress: &Progress,
        durable: &Durable,
        received: impl Fn(u32) -> u64,
    ) -> Vec<News> {
        let mut news = Vec::new();
        let holds_because = durable.holds_because();
        let storage_changed = holds_because != self.storage_error.as_ref();
        if storage_changed {
            self.storage_error = holds_because.cloned();
            let error = self.storage_error.clone();
            news.extend(error.map(|message| error_message(ErrorCode::Storage, message, None)));
        }
        // An element is not durable before it is complete, however large it is.
        let inside = progress.received.keys().map(|&generation| {
            let known = durable.generations.get(&generation).copied().unwrap_or_default();
            // Of one that is over nothing more waits.
            let waits = if known.ended { 0 } else { received(generation) };
            waits.saturating_sub(known.position)
        });
        let credit_bytes = CREDIT_BYTES + inside.sum::<u64>();
        // Credit is the session's: one acknowledgement tells of it.
        let newest = progress.received.keys().last().copied();
        for (&generation, &parsed) in &progress.received {
            let broken = progress.failed.get(&generation).or(durable.failed.get(&generation));
            let mut position = durable.generations.get(&generation).copied().unwrap_or_default();
            if let Some(reason) = broken {
                if self.broken.insert(generation) {
                    let (code, generation) = (ErrorCode::BadStream, Some(generation));
                    news.extend(generation.map(News::GiveUp));
                    news.push(error_message(code, reason.clone(), generation));
                }
                if position.ended {
                    // What was good of it is on the disk; nobody can use the rest.
                    position.position = parsed;
                }
            }
            let known = self.acknowledged.get(&generation);
            // The first also says that there is credit again, should it have been taken before.
            let is_news = known.is_none_or(|known| {
                known.position != position || parsed >= known.received + ACK_BYTES
            });
            if is_news || (storage_changed && Some(generation) == newest) {
                let acknowledged = Acknowledged { position, received: parsed };
                self.acknowledged.insert(generation, acknowledged);
                let received = received(generation);
                let ack = self.acknowledgement(generation, position, received, credit_bytes);
                news.push(News::Message(ack));
            }
        }
        news
    }

    fn acknowledgement(
        &self,
        generation: u32,
        position: DurableGeneration,
        received: u64,
        credit_bytes: u64,
    ) -> ServerMessage {
        ServerMessage::Ack {
            generation,
            received,
            durable: position.position,
            media_ms: position.media_us / 1000,
            credit_bytes: if self.storage_error.is_some() { 0 } else { credit_bytes },
        }
    }
}

fn error_message(code: ErrorCode, message: String, generation: Option<u32>) -> News {
    News::Message(ServerMessage::Error { code, message, generation })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(received: u64) -> Progress {
        Progress { received: BTreeMap::from([(0, received)]), ..Progress::default() }
    }

    fn durable(position: u64, ended: bool) -> Durable {
        let generation = DurableGeneration { position, media_us: 7000, ended };
        Durable { generations: BTreeMap::from([(0, generation)]), ..Durable::default() }
    }

    /// (durable, credit) of the acknowledgements.
    fn acks(news: &[News]) -> Vec<(u64, u64)> {
        let acks = news.iter().filter_map(|news| match news {
            News::Message(ServerMessage::Ack { durable, credit_bytes, .. }) => {
                Some((*durable, *credit_bytes))
            }
            _ => None,
        });
        acks.collect()
    }

    #[test]
    fn nothing_is_said_twice() {
        let mut report = Report::default();
        let news = report.news(&progress(100), &durable(60, false), |_| 100);
        assert_eq!(acks(&news), [(60, CREDIT_BYTES + 40)]);
        assert_eq!(report.news(&progress(120), &durable(60, false), |_| 120), []);
    }

    #[test]
    fn a_session_of_many_generations_is_not_told_all_over_again() {
        let received = (0..100).map(|generation| (generation, 60));
        let progress = Progress { received: received.collect(), ..Progress::default() };
        let position =
            |generation| DurableGeneration { position: 60, media_us: 7000, ended: generation < 98 };
        let generations = (0..100).map(|generation| (generation, position(generation))).collect();
        let durable = Durable { generations, ..Durable::default() };
        let mut report = Report::new(&progress, &durable);
        let news = report.news(&progress, &durable, |_| 60);
        assert_eq!(acks(&news).len(), 2, "those that run");
    }

    #[test]
    fn a_broken_generation_is_acknowledged_after_what_was_good_of_it() {
        let mut report = Report::default();
        let mut broken = progress(100);
        broken.failed.insert(0, "it is broken".to_owned());
        let news = report.news(&broken, &durable(60, false), |_| 100);
        assert_eq!(news[0], News::GiveUp(0));
        assert_eq!(acks(&news), [(60, CREDIT_BYTES + 40)]);
        let news = report.news(&broken, &durable(60, true), |_| 100);
        assert_eq!(acks(&news), [(100, CREDIT_BYTES)]);
    }

    #[test]
    fn credit_rises_inside_a_large_element() {
        let mut report = Report::default();
        report.news(&progress(100), &durable(60, false), |_| 100);
        let received = 100 + ACK_BYTES;
        let news = report.news(&progress(received), &durable(60, false), |_| received);
        assert_eq!(acks(&news), [(60, CREDIT_BYTES + received - 60)]);
    }

    #[test]
    fn a_disk_that_refuses_takes_the_credit_and_gives_it_back() {
        let mut report = Report::default();
        report.news(&progress(60), &durable(60, false), |_| 60);
        let full = Durable { storage_error: Some("full".to_owned()), ..durable(60, false) };
        let news = report.news(&progress(60), &full, |_| 60);
        assert!(
            matches!(&news[0], News::Message(ServerMessage::Error { code, .. }) if *code == ErrorCode::Storage)
        );
        assert_eq!(acks(&news), [(60, 0)]);
        let news = report.news(&progress(60), &durable(60, false), |_| 60);
        assert_eq!(acks(&news), [(60, CREDIT_BYTES)]);
    }
}
