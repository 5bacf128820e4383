"""The engine as a local HTTP service for one user; the plug-ins of painting programs are its clients.

Entry points: `lifetime.serve` runs the service, `schema.describe` lists its filters, models and options.
Modules: state_dir (files of the state folder), lifetime (single instance, start), registration (address file, idle
shutdown), connections (their number and time limits), pace (slow clients), guard (token, host and origin checks), app
(routes), body (request bodies), wire (binary format), jobs (queue), worker (execution), layers (results as layers),
response_queue (worker thread -> event loop). docs/service.md describes the protocol.
Of the page: page (its files), sessions and page_address (who may open it), sitting (pictures and results), job_requests
and file_jobs (work on them), page_routes, result_routes with archive, model_routes, machine_routes with watches,
desktop_entry (the menu). operations, replies and openapi describe all routes.
"""
