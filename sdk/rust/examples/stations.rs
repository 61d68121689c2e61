//! A shard with state, configuration, HTTP and logging: it looks weather stations up.

use nexus_shard::prelude::*;

/// What one instance holds.
struct Stations {
    base_url: String,
    use_mock: bool,
    looked_up: std::cell::Cell<u32>,
}

impl Shard for Stations {
    fn initialize(config: &Config) -> Result<Self, ToolError> {
        Ok(Self {
            base_url: config.require("STATIONS_URL")?.to_owned(),
            use_mock: config.flag("USE_MOCK")?,
            looked_up: std::cell::Cell::new(0),
        })
    }

    fn start(&mut self) -> Result<(), ToolError> {
        log::info!("ready", mock = self.use_mock);
        Ok(())
    }
}

/// A station and what it measured last.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Station {
    /// Its identifier
    id: String,
    /// Degrees Celsius
    celsius: f64,
}

/// What one instance has done.
#[derive(Serialize, JsonSchema)]
struct Usage {
    /// Stations looked up so far by this instance
    looked_up: u32,
    /// Names the call that asked
    call_id: String,
}

/// Read what a weather station measured last. Returns degrees Celsius.
#[tool(title = "Read a station", read_only, idempotent, open_world)]
fn station_read(
    /// The station's identifier, like `KMEM`
    station: String,
    shard: &Stations,
) -> ToolResult<Station> {
    shard.looked_up.set(shard.looked_up.get() + 1);
    if shard.use_mock {
        return Ok(Station { id: station, celsius: 21.5 });
    }
    let url = format!("{}/stations/{}", shard.base_url, http::segment(&station)?);
    let reply = http::get(url).query("units", "metric").send()?.ok()?;
    log::info!("read {station}", attempts = reply.attempts());
    Ok(reply.json()?)
}

/// Tell how much this instance has done.
#[tool(read_only)]
fn station_usage(shard: &Stations, context: &Context) -> ToolResult<Usage> {
    Ok(Usage { looked_up: shard.looked_up.get(), call_id: context.call_id().to_owned() })
}

nexus_shard::shard!(Stations { station_read, station_usage });
