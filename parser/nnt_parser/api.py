"""The endpoints: /update, /finish, /send_error."""

from flask import Blueprint, Response, current_app, jsonify, request

from nnt_parser import auth
from nnt_parser.door import Door
from nnt_parser.errors import Gone

api = Blueprint("api", __name__)


@api.post("/<any(update, finish, send_error):kind>")
def receive(kind: str) -> tuple[Response, int]:
    """Keeps an update durably, then answers 202; storing it follows."""
    door: Door = current_app.extensions["door"]
    token = auth.run_token(door.token_secret, request.headers.get("Authorization"))
    if not door.admits(token.sim_id):
        raise Gone(f"simulation {token.sim_id} was deleted")
    name = door.intake.take(kind, token, request.mimetype, request.stream)
    return jsonify(accepted=name), 202
