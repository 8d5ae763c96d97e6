"""How a form's fields are tied to their help and their errors in a page; templates/_field.html draws them."""

from django import forms


def describe_fields(form: forms.BaseForm) -> None:
    """Names, for readers of the screen, the elements that explain each field and say what is wrong with it."""
    for plain_name, field in form.fields.items():
        name = form.add_prefix(plain_name)
        help_id = [f"help-{name}"] if field.help_text else []
        field.widget.attrs["aria-describedby"] = " ".join([*help_id, f"error-{name}"])
