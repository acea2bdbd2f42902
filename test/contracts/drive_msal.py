"""Drives msal for Python against the server named in the environment and writes what it got as JSON, one line a step."""
import json
import os
import msal

base, tenant, domain = os.environ["BASE"], os.environ["TENANT"], os.environ["DOMAIN"]
app_id, secret = os.environ["APP_ID"], os.environ["SECRET"]
graph = ["https://graph.microsoft.com/.default"]


def say(step, answer):
    print(json.dumps({"step": step, **{k: answer.get(k) for k in ("token_type", "expires_in", "error", "error_description", "error_codes", "access_token")}}), flush=True)


def client(authority, credential=secret, **more):
    return msal.ConfidentialClientApplication(app_id, authority=authority, client_credential=credential, **more)


for name, authority in (("tenant", f"{base}/{tenant}"), ("domain", f"{base}/{domain}"), ("organizations", f"{base}/organizations")):
    say(name, client(authority, instance_discovery=False).acquire_token_for_client(graph))
say("adfs", client(f"{base}/adfs").acquire_token_for_client([f"{base}/.default"]))
say("slash", client(f"{base}/{tenant}", instance_discovery=False).acquire_token_for_client([f"{base}//.default"]))
say("capable", client(f"{base}/{tenant}", instance_discovery=False, client_capabilities=["CP1"]).acquire_token_for_client(graph))
say("wrong", client(f"{base}/{tenant}", "not the secret", instance_discovery=False).acquire_token_for_client(graph))
say("named scope", client(f"{base}/{tenant}", instance_discovery=False).acquire_token_for_client(["https://graph.microsoft.com/User.Read.All"]))

if os.environ.get("CERTIFICATE"):
    with open(os.environ["CERTIFICATE_KEY"]) as key, open(os.environ["CERTIFICATE"]) as certificate:
        pem, public = key.read(), certificate.read()
    credential = {"private_key": pem, "thumbprint": os.environ["THUMBPRINT"]}
    say("certificate", client(f"{base}/{tenant}", credential, instance_discovery=False).acquire_token_for_client(graph))
    say("certificate with chain", client(f"{base}/{tenant}", {**credential, "public_certificate": public}, instance_discovery=False).acquire_token_for_client(graph))
    say("unknown certificate", client(f"{base}/{tenant}", {**credential, "thumbprint": "00" * 20}, instance_discovery=False).acquire_token_for_client(graph))

try:
    client(f"{base}/nobody.example", instance_discovery=False)
    say("unknown tenant", {})
except ValueError as error:
    say("unknown tenant", {"error": "ValueError", "error_description": str(error)})

public = msal.PublicClientApplication("04b07795-8ddb-461a-bbee-02f9e1bf7b46", authority=f"{base}/adfs")
say("password", public.acquire_token_by_username_password(os.environ["USER_NAME"], os.environ["USER_PASSWORD"], graph))
say("wrong password", public.acquire_token_by_username_password(os.environ["USER_NAME"], "wrong", graph))
account = public.get_accounts()[0]
say("silent, for another resource", public.acquire_token_silent([f"{base}/arm/.default"], account=account) or {"error": "none"})
