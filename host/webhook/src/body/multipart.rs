//! Multipart forms: fields as texts, files as the collections Make makes of them.

use std::borrow::Cow;
use std::convert::Infallible;

use bytes::Bytes;
use futures_util::FutureExt as _;
use hookwright_iml::{Budget, Value};
use multer::{Field, Multipart};

use super::{BadBody, Form, MediaType, text};
use crate::form::Building;

/// Reads a whole multipart body. Parts without a name cannot be read by a spec and are left out.
pub(super) fn decode(content_type: &str, bytes: &[u8], budget: &dyn Budget) -> Result<Form<'static>, BadBody> {
    let boundary = multer::parse_boundary(content_type).map_err(refused)?;
    let whole = Bytes::copy_from_slice(bytes);
    let stream = futures_util::stream::once(async move { Ok::<_, Infallible>(whole) });
    // The stream holds everything already, so that nothing in here ever waits.
    let form = read(Multipart::new(stream, boundary), Building::new(budget)).now_or_never();
    form.unwrap_or_else(|| Err(BadBody::new("the multipart body ends too early")))
}

async fn read(mut multipart: Multipart<'_>, mut form: Building<'_, 'static>) -> Result<Form<'static>, BadBody> {
    while let Some(field) = multipart.next_field().await.map_err(refused)? {
        let name = field.name().map(str::to_owned);
        let value = value(field).await.map_err(refused)?;
        match name {
            Some(name) => form.add(&name, value)?,
            None => form.pass_over()?,
        }
    }
    Ok(form.finish())
}

async fn value(field: Field<'_>) -> multer::Result<Value<'static>> {
    let mime = field.content_type().map(ToString::to_string);
    let Some(name) = field.file_name().map(str::to_owned) else {
        let media = MediaType::parse(mime.as_deref().unwrap_or_default());
        return Ok(Value::text(text::decode(media.charset(), &field.bytes().await?).into_owned()));
    };
    let mime = mime.unwrap_or_else(|| "application/octet-stream".to_owned());
    let data = field.bytes().await?;
    Ok(Value::collection(vec![
        (Cow::Borrowed("name"), Value::text(name)),
        (Cow::Borrowed("mime"), Value::text(mime)),
        (Cow::Borrowed("data"), Value::binary(data.to_vec())),
    ]))
}

#[allow(clippy::needless_pass_by_value)] // the shape `map_err` wants
fn refused(error: multer::Error) -> BadBody {
    BadBody::new(format!("the multipart body cannot be read: {error}"))
}
