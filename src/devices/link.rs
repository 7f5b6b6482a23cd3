//! A device's end of its control connection.

use std::net::IpAddr;

use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use super::Devices;
use super::command::{Answer, Order};
use super::list::Publisher;
use super::registry::{NotAdmitted, Speaker};
use super::report::Said;

/// A connection over which a device may speak. Dropping it takes the device offline.
#[derive(Debug)]
pub(crate) struct Link {
    devices: Devices,
    by: Speaker,
    /// Whom it speaks for.
    device: Option<String>,
    /// Ends when another connection takes over.
    orders: Option<mpsc::Receiver<ToDevice>>,
}

/// An order on its way to a device.
#[derive(Debug)]
pub(crate) struct ToDevice {
    number: u64,
    order: Order,
    from: IpAddr,
    /// Gone when nobody waits any more.
    answers: mpsc::WeakSender<Answer>,
}

impl Link {
    pub(super) fn new(devices: Devices, by: Speaker) -> Self {
        Self { devices, by, device: None, orders: None }
    }

    /// The device says how it is. `publishers` are those whose media comes.
    ///
    /// # Errors
    /// When the connection does not speak for the device.
    pub(crate) fn hear(
        &mut self,
        said: Said,
        publishers: impl FnOnce() -> Vec<Publisher>,
    ) -> Result<(), NotAdmitted> {
        if self.device.as_ref().is_some_and(|own| *own != said.device) {
            return Err(NotAdmitted::Another);
        }
        let device = said.device.clone();
        if let Some(orders) = self.devices.hear(said, self.by, publishers)? {
            self.orders = Some(orders);
        }
        self.by.is_admitted = true;
        self.device = Some(device);
        Ok(())
    }

    /// The next order for the device; `None`, once, when another connection has taken over.
    /// Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Option<ToDevice> {
        let Some(orders) = &mut self.orders else { return std::future::pending().await };
        while let Some(order) = orders.recv().await {
            // A device that was asleep does not do what was given up long ago.
            if order.is_wanted() {
                return Some(order);
            }
        }
        self.orders = None;
        None
    }

    /// The device answers an order.
    ///
    /// # Errors
    /// What is wrong with the message, in a sentence.
    pub(crate) fn answered(&self, message: &Map<String, Value>) -> Result<(), &'static str> {
        let device =
            self.device.as_deref().ok_or("a result comes from a device; say device first")?;
        let number = message.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok());
        let number = number.ok_or("id must be the one of a command")?;
        let answer = Answer::parse(device, message).ok_or("ok must be true, false or null")?;
        self.devices.answered(self.by.connection, number, answer);
        Ok(())
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Some(device) = &self.device {
            self.devices.leave(device, self.by.connection);
        }
    }
}

impl ToDevice {
    pub(super) fn new(
        number: u64,
        order: Order,
        from: IpAddr,
        answers: mpsc::WeakSender<Answer>,
    ) -> Self {
        Self { number, order, from, answers }
    }

    fn is_wanted(&self) -> bool {
        self.answers.upgrade().is_some_and(|answers| !answers.is_closed())
    }

    /// The message to the device.
    pub(crate) fn message(&self) -> Value {
        let (word, value) = match &self.order {
            Order::Device(word, value) => (word.name(), json!(value)),
            Order::Groups(groups) => ("groups", json!(groups)),
        };
        json!({
            "type": "command",
            "id": self.number.to_string(),
            "do": word,
            "value": value,
            "from": self.from.to_string(),
        })
    }
}
