//! The HTTP edge: listens, guards, and mounts MCP.
//!
//! Until the host has authentication, whoever can open a connection can call every tool. So [`Hub::bind`] takes loopback
//! addresses only, and `guard` and MCP's own checks keep out the one stranger who can reach loopback: a web page in the
//! user's browser. A slow or silent client costs one of a fixed number of connections and is dropped in time.
//!
//! | path | what |
//! |---|---|
//! | `/mcp` | MCP over streamable HTTP, both protocol eras |
//! | `GET /health` | JSON: status, version, number of tools, and what the host adds |

mod bind;
mod connections;
mod guard;
mod health;
mod serve;

pub use bind::{Hub, HubError};
pub use serve::{Health, HubSettings};
