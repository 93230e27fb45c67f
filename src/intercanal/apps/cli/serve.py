"""`intercanal serve`."""

import argparse
import asyncio
from pathlib import Path

from intercanal.apps.config import Address
from intercanal.apps.serve import ServeOptions, serve
from intercanal.infra.telemetry import logs

HELP = "Run everything on this machine, from an empty folder if need be."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the installation's folder")
    parser.add_argument("--host", default="127.0.0.1", help="where to listen (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="for HTTP and WebSocket (default: %(default)s)")
    parser.add_argument("--smtp-port", type=int, help="for incoming mail; not listened on unless given")
    parser.add_argument("--sip-port", type=int, help="for telephony; not listened on unless given")
    parser.add_argument("--smtp-relay", type=Address.parse, metavar="HOST:PORT", help="where outgoing mail goes")
    parser.add_argument("--tls-cert", type=Path, metavar="FILE", help="certificate chain, PEM")
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="its key, PEM")
    parser.add_argument("--public-url", metavar="URL", help="the address that people use")
    parser.add_argument("--trial-certificate", action="store_true", help="HTTPS with a certificate of our own")
    parser.add_argument("--voice-engine", choices=("fake", "embedded", "asterisk"), default="fake")


def options(given: argparse.Namespace) -> ServeOptions:
    """Bring what was given into one value."""
    return ServeOptions(
        data=given.data,
        host=given.host,
        port=given.port,
        smtp_port=given.smtp_port,
        sip_port=given.sip_port,
        smtp_relay=given.smtp_relay,
        tls_certificate=given.tls_cert,
        tls_key=given.tls_key,
        trial_certificate=given.trial_certificate,
        public_url=given.public_url,
        voice_engine=given.voice_engine,
    )


def run(given: argparse.Namespace) -> int:
    """Serve until told to stop."""
    logs.configure("serve")
    return asyncio.run(serve(options(given)))
