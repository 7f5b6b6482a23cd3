//! How routes come into a router: each with the rule of who may use it.

use axum::Router;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, MethodRouter, any, on};

use super::State;
use super::authenticate::authenticate;
use super::authorize::{Guard, authorize};
use super::error::no_such_method;
use super::rule::Rule;

/// One line of the table: what is asked how, and who may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) rule: Rule,
}

/// The routes of a listener, or some of them.
pub(super) struct Routes {
    router: Router<State>,
    rows: Vec<Row>,
}

impl Routes {
    pub(super) fn new() -> Self {
        Self { router: Router::new(), rows: Vec::new() }
    }

    pub(super) fn get<H, T>(self, path: &str, rule: Rule, handler: H) -> Self
    where
        H: Handler<T, State>,
        T: 'static,
    {
        self.on("GET", MethodFilter::GET, path, Guard::of(rule), handler)
    }

    /// A page for people: who may not see it gets the page to sign in on.
    pub(super) fn page<H, T>(self, path: &str, rule: Rule, handler: H) -> Self
    where
        H: Handler<T, State>,
        T: 'static,
    {
        self.on("GET", MethodFilter::GET, path, Guard::of_page(rule), handler)
    }

    pub(super) fn post<H, T>(self, path: &str, rule: Rule, handler: H) -> Self
    where
        H: Handler<T, State>,
        T: 'static,
    {
        self.on("POST", MethodFilter::POST, path, Guard::of(rule), handler)
    }

    pub(super) fn put<H, T>(self, path: &str, rule: Rule, handler: H) -> Self
    where
        H: Handler<T, State>,
        T: 'static,
    {
        self.on("PUT", MethodFilter::PUT, path, Guard::of(rule), handler)
    }

    pub(super) fn delete<H, T>(self, path: &str, rule: Rule, handler: H) -> Self
    where
        H: Handler<T, State>,
        T: 'static,
    {
        self.on("DELETE", MethodFilter::DELETE, path, Guard::of(rule), handler)
    }

    /// A WebSocket, whatever method asks for it.
    pub(super) fn socket<H, T>(self, path: &str, rule: Rule, handler: H) -> Self
    where
        H: Handler<T, State>,
        T: 'static,
    {
        let guarded = guarded(any(handler), Guard::of(rule));
        self.add("WSS", path, rule, |router| router.route(path, guarded))
    }

    /// The same on every path that has no route of its own.
    pub(super) fn socket_on_any_path<H, T>(self, rule: Rule, handler: H) -> Self
    where
        H: Handler<T, State>,
        T: 'static,
    {
        let guarded = guarded(any(handler), Guard::of(rule));
        self.add("WSS", "any path", rule, |router| router.fallback(guarded))
    }

    /// Whatever no route answers.
    pub(super) fn otherwise<H, T>(self, handler: H) -> Self
    where
        H: Handler<T, State>,
        T: 'static,
    {
        Self { router: self.router.fallback(handler), ..self }
    }

    pub(super) fn merge(mut self, other: Self) -> Self {
        self.rows.extend(other.rows);
        Self { router: self.router.merge(other.router), rows: self.rows }
    }

    /// Something around the routes so far.
    pub(super) fn within(self, layer: impl FnOnce(Router<State>) -> Router<State>) -> Self {
        // What answers a wrong method is inside, too: browsers ask other origins by one.
        Self { router: layer(self.router.method_not_allowed_fallback(no_such_method)), ..self }
    }

    /// The table.
    #[cfg(test)]
    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The router, which knows of each request whose it is.
    pub(super) fn with(self, state: State) -> Router {
        let known = from_fn_with_state(state.clone(), authenticate);
        let router = self.router.method_not_allowed_fallback(no_such_method);
        router.layer(known).with_state(state)
    }

    fn on<H, T>(
        self,
        method: &'static str,
        filter: MethodFilter,
        path: &str,
        guard: Guard,
        handler: H,
    ) -> Self
    where
        H: Handler<T, State>,
        T: 'static,
    {
        let guarded = guarded(on(filter, handler), guard);
        self.add(method, path, guard.rule, |router| router.route(path, guarded))
    }

    fn add(
        mut self,
        method: &'static str,
        path: &str,
        rule: Rule,
        add: impl FnOnce(Router<State>) -> Router<State>,
    ) -> Self {
        self.rows.push(Row { method, path: path.to_owned(), rule });
        Self { router: add(self.router), rows: self.rows }
    }
}

fn guarded(route: MethodRouter<State>, guard: Guard) -> MethodRouter<State> {
    route.layer(from_fn_with_state(guard, authorize))
}
