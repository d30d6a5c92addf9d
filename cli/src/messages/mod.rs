//! `sockeye listen` and `sockeye connect`: a netcat that knows messages.

mod exchange;
mod failure;
mod news;
mod options;
mod peer;
mod pipe;
mod security;
mod task;

use std::{
    process::{self, ExitCode},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use sockeye::{Client, Endpoint, ErrorKind, Framing, Listener, Status};

use self::{
    exchange::{Exchange, Role, STUCK, say},
    failure::Failure,
    news::{News, Teller},
    options::MessageArgs,
};
pub(crate) use options::{ABOUT_CONNECT, ABOUT_LISTEN, ConnectArgs, ListenArgs};

/// Runs `sockeye listen`; what went wrong is one line on standard error.
pub(crate) fn listen(args: &ListenArgs) -> ExitCode {
    ended("listen", serve(args))
}

/// Runs `sockeye connect`; what went wrong is one line on standard error.
pub(crate) fn connect(args: &ConnectArgs) -> ExitCode {
    ended("connect", call(args))
}

fn ended(command: &str, result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => ExitCode::from(failure.report(command)),
    }
}

fn serve(args: &ListenArgs) -> Result<(), Failure> {
    let role = if args.once { one_peer(&args.messages, None) } else { Role::Server };
    let (mut exchange, teller) = Exchange::new(&args.messages, role)?;
    stop_on_signals(&exchange)?;
    choose_interfaces(&args.endpoint, args.messages.loopback)?;
    let log = |what: &str| say(&args.messages, what);
    let options = security::of_listener(args, log)?;
    let key = security::key(&args.messages)?;
    let mut listener = Listener::bind_with(&args.endpoint, key, options).map_err(Failure::of_endpoint)?;
    listener.set_timeout(Some(ATTENTION))?;
    log(&format!("listening at {}", listener.address()?));
    let is_closed = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| let_in(listener, &teller, args, &is_closed));
        let result = exchange.run();
        is_closed.store(true, Ordering::Relaxed);
        result
    })
}

/// Lets peers in until the door is to be closed.
fn let_in(mut listener: Listener, teller: &Teller, args: &ListenArgs, is_closed: &AtomicBool) {
    let mut is_published = false;
    while !is_closed.load(Ordering::Relaxed) {
        let accepted = listener.accept();
        // The name is settled when others can find it: another program may have it.
        if !is_published
            && let Some(published) = listener.published()
            && published.wait(Some(Duration::ZERO)).is_done()
        {
            is_published = true;
            if !teller.tell(News::Published(published.name())) {
                return;
            }
        }
        let name = match listener.last_accepted() {
            Some((address, port)) => Endpoint::Tcp { host: Some(address.to_string()), port }.to_string(),
            None if matches!(args.endpoint, Endpoint::Local(_)) => "a program of this machine".to_owned(),
            None => "somebody".to_owned(),
        };
        match accepted {
            Status::Done(connection) => {
                if !teller.tell(News::Opened(Box::new(connection), name)) || args.once {
                    return;
                }
            }
            Status::NotReady => {}
            Status::Disconnected => return,
            Status::Error(error) => {
                // The peers who are there may leave in the meantime.
                if error.kind() == ErrorKind::TooManyFiles {
                    thread::sleep(ATTENTION);
                }
                if !teller.tell(News::Refused(error, name)) {
                    return;
                }
            }
        }
    }
}

fn call(args: &ConnectArgs) -> Result<(), Failure> {
    let (mut exchange, teller) = Exchange::new(&args.messages, one_peer(&args.messages, args.wait))?;
    stop_on_signals(&exchange)?;
    choose_interfaces(&args.endpoint, args.messages.loopback)?;
    let (key, options) = (security::key(&args.messages)?, security::of_client(args)?);
    let connected = Client::connect_with(&args.endpoint, key.as_ref(), &options).into_result();
    let connection = connected.map_err(Failure::of_endpoint)?;
    teller.tell(News::Opened(Box::new(connection), args.endpoint.to_string()));
    exchange.run()
}

fn one_peer(args: &MessageArgs, wait: Option<Duration>) -> Role {
    // A message of tinyproto waits for an answer, which nobody can give whose half of the connection is closed.
    let tells = args.framing() != Framing::Tiny;
    // How long a message of the peer is waited for bounds how long it may take for ours, too.
    let limit = wait.map(|wait| wait.max(STUCK));
    let ends = !tells && !args.no_input;
    Role::OnePeer { wait: wait.or(ends.then_some(ANSWER)), limit, tells }
}

/// Chooses where a service is published or looked for.
fn choose_interfaces(endpoint: &Endpoint, loopback: bool) -> Result<(), Failure> {
    match endpoint {
        Endpoint::Service { .. } => Ok(crate::discovery::choose_interfaces(loopback)?),
        _ if loopback => Err(Failure::Usage("--loopback is for services; a PORT alone is this machine's")),
        _ => Ok(()),
    }
}

/// Lets Ctrl-C, a request to terminate and a closed terminal end the exchange, so that it can clean up.
fn stop_on_signals(exchange: &Exchange<'_>) -> Result<(), Failure> {
    let (is_interrupted, waker) = exchange.interrupter();
    let handler = move || {
        is_interrupted.store(true, Ordering::Relaxed);
        _ = waker.wake();
        // Whoever reads standard output may not go on with it, or a connect may not come to an end.
        thread::sleep(PATIENCE);
        process::exit(130);
    };
    ctrlc::set_handler(handler).map_err(|error| Failure::Signals(error.to_string()))
}

/// How long the door may take to notice that it is to be closed.
const ATTENTION: Duration = Duration::from_millis(200);
/// How long an interrupted exchange may take to end.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a peer of tinyproto may take to say something to the last message.
const ANSWER: Duration = Duration::from_secs(1);
