"""The log of a service: jobs that have ended, and other events, as lines of text or as JSON.

``job_log`` notices the jobs that end, and ``event_log`` writes the events that any part of the service
reports. Start with these.
"""
