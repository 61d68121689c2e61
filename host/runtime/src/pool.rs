//! Warm instances of one shard.
//!
//! A call takes an instance out of the pool and owns it; nobody else can enter it meanwhile. It comes back only when
//! the guest returned in order. A trap, an exhausted limit or a caller who went away drop it, and the next call gets a
//! fresh one.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::call::{CallFailure, FailureCode};
use crate::instance::Instance;
use crate::limits::Limits;

pub(crate) struct Pool {
    idle: Mutex<Vec<Instance>>,
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    limits: Limits,
    /// Once the shard was replaced or removed: late calls still run, and their instances are not kept.
    closed: AtomicBool,
}

/// A place in the pool, for one call, and then for the retirement of its instance where that is due.
pub(crate) struct Place {
    pool: Arc<Pool>,
    _permit: OwnedSemaphorePermit,
}

/// Counts a waiting call, also when its caller goes away.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Pool {
    pub(crate) fn new(limits: Limits, first: Instance) -> Arc<Self> {
        Arc::new(Self {
            idle: Mutex::new(vec![first]),
            places: Arc::new(Semaphore::new(limits.instances)),
            waiting: AtomicUsize::new(0),
            limits,
            closed: AtomicBool::new(false),
        })
    }

    /// Waits for a place: calls are served in the order they came.
    pub(crate) async fn place(self: &Arc<Self>) -> Result<Place, CallFailure> {
        if let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() {
            return Ok(Place { pool: Arc::clone(self), _permit: permit });
        }
        let ahead = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.waiting);
        if ahead >= self.limits.waiting {
            let message = "too many calls wait for this shard; try again in a moment";
            return Err(CallFailure::ended(FailureCode::Busy, message));
        }
        #[expect(clippy::expect_used, reason = "nothing closes this semaphore")]
        let permit = Arc::clone(&self.places).acquire_owned().await.expect("it is never closed");
        Ok(Place { pool: Arc::clone(self), _permit: permit })
    }

    /// Waits until no call runs, and takes every idle instance out. Calls that come later still run.
    pub(crate) async fn drain(&self) -> Vec<Instance> {
        self.closed.store(true, Ordering::Release);
        let all = u32::try_from(self.limits.instances).unwrap_or(u32::MAX);
        let everyone = self.places.acquire_many(all).await;
        let idle = std::mem::take(&mut *self.idle());
        drop(everyone);
        idle
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Instance>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// A warm instance, when there is one.
    pub(crate) fn take(&self) -> Option<Instance> {
        self.pool.idle().pop()
    }

    /// Keeps an instance for the next call. One that has to be retired comes back, with the place it still takes.
    pub(crate) fn keep(self, instance: Instance) -> Option<(Instance, Self)> {
        if !instance.is_reusable() || self.pool.closed.load(Ordering::Acquire) {
            return Some((instance, self));
        }
        self.pool.idle().push(instance);
        None
    }
}
